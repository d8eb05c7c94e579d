/**
 * Set-up: what `prestart` and `pretest` call. Without dependencies, on Node 18 or later.
 *
 * S1 `npm ci` runs only when what is installed differs from package-lock.json.
 * S2 Two set-ups of one checkout never install at the same time; the lock of a dead process is taken over.
 * S3 The stamp is written last, so an interrupted installation is done again.
 * S4 Progress goes to stderr, stdout stays free for what follows. Exit code 1 comes with an instruction.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const RUNTIME_MAJOR = 24;
const LOCK_POLL_MS = 250;
const LOCK_WAIT_MS = 15 * 60_000;
/** A lock directory without an owner's pid is this old at most before it counts as abandoned. */
const LOCK_WITHOUT_OWNER_MS = 10_000;
/** Set for the nested `npm ci`, so that no script of the project starts a set-up inside a set-up. */
const GUARD = 'TROUPE_SETUP';
/** Options of the outer npm call that would make the nested `npm ci` install less, or elsewhere. */
const NOT_INHERITED =
  /^npm_(lifecycle_|package_|command$|config_(global|location|prefix|local_prefix|dry_run|omit|include|only|production|package_lock|package_lock_only|workspace|workspaces|save|long|json)$)/i;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const lockFile = join(root, 'package-lock.json');
const stampFile = join(modules, '.troupe-setup');
const runtime = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** A set-up that cannot go on; its message says what to do. */
class SetupError extends Error {}

/** @param {string} text */
function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The hash of package-lock.json, as the stamp holds it. */
function lockHash() {
  return createHash('sha256').update(readFileSync(lockFile)).digest('hex');
}

/** True when node_modules holds what package-lock.json asks for, by stamp or by npm's own record. */
function isInstalled() {
  if (!existsSync(join(modules, '.package-lock.json'))) return false;
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash()) return true;
  return matchesInstalled();
}

/** Compares package-lock.json with npm's record of what it installed (after an `npm ci` by hand). */
function matchesInstalled() {
  const wanted = readJson(lockFile).packages;
  const installed = readJson(join(modules, '.package-lock.json')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const version = installed[path]?.version;
    if (version === undefined ? entry.optional !== true : version !== entry.version) return false;
  }
  return Object.keys(installed).every((path) => path in wanted);
}

/** The environment for a nested npm: what the outer call added for its own script is left out. */
function nestedEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  return { ...Object.fromEntries(kept), [GUARD]: '1' };
}

/**
 * The npm that runs this script, else the one on the PATH.
 * @returns {[string, ...string[]]}
 */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.c?js$/.test(cli) && existsSync(cli)) {
    return [process.env.npm_node_execpath ?? process.execPath, cli];
  }
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/** Runs `npm ci`. Scripts of packages decide for themselves; dev dependencies hold the runtime. */
function install() {
  const [command, ...first] = npmCommand();
  const flags = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync(command, [...first, ...flags], {
    cwd: root,
    env: nestedEnvironment(),
    shell: process.platform === 'win32',
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
  });
  if (done.error) throw new SetupError(`npm could not be started (${done.error.message}).`);
  if (done.status !== 0) {
    throw new SetupError('npm ci failed; its message is above. Run `npm ci` to see all of it.');
  }
}

/** @param {string} command @returns {number} the major version, 0 when it does not run */
function majorVersion(command) {
  const { stdout, status } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return status === 0 ? Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0) : 0;
}

/** Makes sure that scripts find a Node that is new enough: the pinned one, else the machine's. */
function checkRuntime() {
  if (majorVersion(runtime) >= RUNTIME_MAJOR) return;
  if (majorVersion(process.env.npm_node_execpath ?? 'node') >= RUNTIME_MAJOR) {
    say('the pinned runtime is missing; using the Node of this machine, which is new enough.');
    return;
  }
  throw new SetupError(
    `the pinned runtime (Node ${RUNTIME_MAJOR}) does not run: ${runtime}\n` +
      'The package `node` fetches it in an install script, and those were probably skipped.\n' +
      'Run:  npm rebuild node --ignore-scripts=false\n' +
      `or put Node ${RUNTIME_MAJOR} or later on the PATH.`,
  );
}

/** @param {string} lockDirectory @returns {boolean} */
function isAbandoned(lockDirectory) {
  try {
    const owner = Number(readFileSync(join(lockDirectory, 'pid'), 'utf8'));
    try {
      process.kill(owner, 0);
      return false;
    } catch (error) {
      return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
    }
  } catch {
    // No pid yet: its owner is between two steps, or died there.
    const { mtimeMs } = statSync(lockDirectory, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    return Date.now() - mtimeMs > LOCK_WITHOUT_OWNER_MS;
  }
}

/**
 * Runs `work` while holding the checkout's set-up lock.
 * @param {() => void} work
 */
async function underLock(work) {
  const lockDirectory = join(root, '.setup.lock');
  const until = Date.now() + LOCK_WAIT_MS;
  for (let waited = false; ; waited = true) {
    try {
      mkdirSync(lockDirectory);
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (isAbandoned(lockDirectory)) {
      rmSync(lockDirectory, { recursive: true, force: true });
      continue;
    }
    if (Date.now() > until) throw new SetupError(`gave up waiting for ${lockDirectory}.`);
    if (!waited) say('another set-up is running here; waiting for it.');
    await sleep(LOCK_POLL_MS);
  }
  try {
    writeFileSync(join(lockDirectory, 'pid'), String(process.pid));
    work();
  } finally {
    rmSync(lockDirectory, { recursive: true, force: true });
  }
}

async function setUpPackages() {
  if (!isInstalled()) {
    await underLock(() => {
      if (isInstalled()) return;
      say('installing packages (npm ci) ...');
      const startedAt = Date.now();
      install();
      say(`packages are installed (${Math.round((Date.now() - startedAt) / 1000)} s).`);
    });
  }
  checkRuntime();
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== lockHash()) {
    writeFileSync(stampFile, lockHash());
  }
}

/** @param {string} program @returns {string | undefined} */
function findProgram(program) {
  const places = (process.env.PATH ?? '').split(delimiter);
  places.push('/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/usr/bin');
  return places.map((place) => join(place, program)).find((path) => existsSync(path));
}

/** Installs Debian's nats-server. Without a service: tests start their own servers on free ports. */
function installNatsServer() {
  const apt = findProgram('apt-get');
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? undefined : findProgram('sudo');
  if (!apt || !(isRoot || sudo)) return;
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
  const asRoot = sudo
    ? [sudo, ...(process.stdin.isTTY ? [] : ['-n']), ...environment]
    : environment;
  say('installing nats-server (apt-get) ...');
  const steps = [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', 'nats-server'],
  ];
  for (const step of steps) {
    const [command = apt, ...rest] = [...asRoot, apt, ...step];
    spawnSync(command, rest, { stdio: ['inherit', process.stderr.fd, process.stderr.fd] });
  }
}

function setUpNatsServer() {
  if (findProgram('nats-server')) return;
  installNatsServer();
  if (findProgram('nats-server')) return;
  throw new SetupError(
    'the tests need nats-server, and it could not be installed.\n' +
      'Debian, Ubuntu:  sudo apt-get install nats-server\n' +
      'macOS:           brew install nats-server\n' +
      'Others:          https://github.com/nats-io/nats-server/releases, on the PATH.',
  );
}

async function main() {
  if (process.env[GUARD] === '1') return;
  await setUpPackages();
  if (process.argv.includes('--tests')) setUpNatsServer();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
