/**
 * `npm test`: runs the checks and then the suites, one after the other, and prints as its very last
 * line `N passed, N failed`. `--only <step>[,<step>]` runs some of them.
 *
 * T1 A step that is no suite counts as one failed when it fails, and as nothing when it passes.
 * T2 A suite that ends without a report, too late, or unsuccessfully although no test of it failed,
 *    counts as one failed as well: nothing that went wrong leaves the sum untouched.
 * T3 The exit code is 0 exactly when the line says `0 failed`; suites of which no test ran are one failed.
 * T4 What hangs is killed with its whole group: all steps together have an hour, many times what they take, so that a
 *    slow machine is never taken for a hanging one.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEADLINE_MS = 60 * 60_000;
const SOAK_DEADLINE_MS = 120 * 60_000;

/**
 * @typedef {{ name: string, command: string[], isSuite: boolean }} Step
 * @typedef {{ name: string, passed: number, failed: number, seconds: number, note: string }} Outcome
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules', '.bin');
const reports = mkdtempSync(join(tmpdir(), 'troupe-test-'));

/** @param {string} name @param {...string} command @returns {Step} */
const check = (name, ...command) => ({ name, command, isSuite: false });

/** @param {string} name @param {...string} flags @returns {Step} */
const suite = (name, ...flags) => ({
  name,
  command: [
    'vitest',
    'run',
    '--project',
    name,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(reports, `${name}.json`)}`,
    ...flags,
  ],
  isSuite: true,
});

/**
 * In this order: what is quick to tell comes first. Package, crash and soak run one file at a time; of integration three
 * files run at once on two cores, as each waits now and then.
 */
const steps = [
  check('format', 'biome', 'format', '.'),
  check('lint', 'biome', 'lint', '--error-on-warnings', '.'),
  check(
    'promises',
    'oxlint',
    '--type-aware',
    '--deny-warnings',
    'src',
    'test',
    'bench',
    'examples',
  ),
  check('types', 'tsc', '--noEmit', '-p', '.'),
  check('unused', 'knip'),
  suite('fast'),
  suite('integration', '--maxWorkers=3'),
  suite('package', '--no-file-parallelism'),
  suite('crash', '--no-file-parallelism'),
  suite('simulation'),
];
const soak = suite('soak', '--no-file-parallelism');

/** @param {string[]} args @returns {Step[]} */
function chooseSteps(args) {
  const at = args.indexOf('--only');
  if (at < 0) return steps;
  const names = (args[at + 1] ?? '').split(',');
  return names.map((name) => {
    const step = [...steps, soak].find((candidate) => candidate.name === name);
    if (step) return step;
    throw new Error(`no step ${JSON.stringify(name)}; there are ${steps.map((s) => s.name)}, soak`);
  });
}

/** @param {Step} step @param {number} deadline @returns {Promise<string>} '' or what went wrong */
function execute(step, deadline) {
  const [command = '', ...args] = step.command;
  return new Promise((resolve) => {
    const child = spawn(join(bin, command), args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const killGroup = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
    const timer = setTimeout(killGroup, Math.max(0, deadline - Date.now()));
    const interrupt = () => {
      killGroup();
      process.exit(130);
    };
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    const end = (/** @type {string} */ problem) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve(problem);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => {
      if (signal) end(Date.now() >= deadline ? 'not finished in time' : `ended by ${signal}`);
      else end(code === 0 ? '' : `exit code ${code}`);
    });
  });
}

/** Counts a vitest report; a file that could not be loaded is one failed. @param {string} name */
function readReport(name) {
  const report = JSON.parse(readFileSync(join(reports, `${name}.json`), 'utf8'));
  const unloadable = report.testResults.filter(
    (/** @type {{ status: string, assertionResults: unknown[] }} */ file) =>
      file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + unloadable.length };
}

/** @param {Step} step @param {string} problem */
function count(step, problem) {
  if (!step.isSuite) return { passed: 0, failed: problem ? 1 : 0 };
  try {
    const counts = readReport(step.name);
    return problem && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** @param {Step} step @param {number} deadline @returns {Promise<Outcome>} */
async function runStep(step, deadline) {
  process.stdout.write(`\n== ${step.name}\n`);
  const startedAt = Date.now();
  const problem = await execute(step, deadline);
  const seconds = (Date.now() - startedAt) / 1000;
  return { name: step.name, ...count(step, problem), seconds, note: problem };
}

/** @param {Outcome[]} outcomes */
function printSummary(outcomes) {
  process.stdout.write('\n== summary\n');
  for (const { name, passed, failed, seconds, note } of outcomes) {
    const verdict = failed === 0 ? 'ok    ' : 'FAILED';
    const figures = passed + failed > 0 ? `${passed} passed, ${failed} failed` : '';
    const line = `${verdict} ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${figures}  ${note}`;
    process.stdout.write(`${line.trimEnd()}\n`);
  }
}

const chosen = chooseSteps(process.argv.slice(2));
const deadline = Date.now() + (chosen.includes(soak) ? SOAK_DEADLINE_MS : DEADLINE_MS);
/** @type {Outcome[]} */
const outcomes = [];
for (const step of chosen) outcomes.push(await runStep(step, deadline));
rmSync(reports, { recursive: true, force: true });
printSummary(outcomes);

const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
let failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
const isEmpty = passed === 0 && chosen.some((step) => step.isSuite);
if (failed === 0 && isEmpty) {
  process.stdout.write('no test ran\n');
  failed = 1;
}
process.exitCode = failed === 0 ? 0 : 1;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
