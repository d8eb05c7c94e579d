/** npm as a person calls it: without what an npm that runs these tests has put into the environment. */
import { spawnSync } from 'node:child_process';

const OUTER = /^(npm_|INIT_CWD$|NODE_OPTIONS$|VITEST|TROUPE_)/i;
const TIMEOUT_MS = 100_000;

/** The environment without the outer npm, the test runner and the settings of Troupe. */
export function plainEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OUTER.test(name)));
}

/** Runs npm and returns its stdout. Throws with its stderr when it fails. */
export function npm(args: readonly string[], options: { cwd: string }): string {
  const cli = process.env['npm_execpath'];
  const isScript = cli !== undefined && /npm-cli\.c?js$/.test(cli);
  const [command, first] = isScript
    ? [process.env['npm_node_execpath'] ?? process.execPath, [cli]]
    : ['npm', []];
  const { status, stdout, stderr, error } = spawnSync(command, [...first, ...args], {
    cwd: options.cwd,
    env: plainEnvironment(),
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${error?.message ?? stderr}`);
  return stdout;
}
