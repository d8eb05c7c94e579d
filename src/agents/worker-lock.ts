/**
 * Who a worker is and that its cache directory is its own.
 * `worker.json` keeps the id; `worker.lock` names the process that uses the directory. The lock of a dead process is
 * taken over. A process is known by id and, where /proc tells, by its start time: a recycled id is not the same process.
 */
import { randomUUID } from 'node:crypto';
import {
  linkSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { CacheLockedError } from './errors.ts';

interface LockOwner {
  pid: number;
  /** Clock ticks since boot at which the process began; absent where /proc is. */
  startedAt?: string;
}

const MAX_TAKEOVERS = 10;
/** Fields 3 and 22 of /proc/<pid>/stat, counted after the name, which may hold spaces. */
const STATE_AFTER_NAME = 0;
const START_TIME_AFTER_NAME = 19;
/** Directories locked by this very process. */
const heldHere = new Set<string>();
let lockCount = 0;

/** Takes the directory, which exists. Throws `worker.cache-locked`. Returns what gives it back. */
export function lockDirectory(directory: string): () => void {
  const real = realpathSync(directory);
  if (heldHere.has(real)) throw new CacheLockedError({ directory, pid: process.pid });
  const path = join(real, 'worker.lock');
  lockCount += 1;
  const own = `${path}.${process.pid}.${lockCount}`;
  writeFileSync(own, JSON.stringify(ownerOf(process.pid)));
  try {
    takeLock({ directory, path, own });
  } finally {
    unlinkSync(own);
  }
  heldHere.add(real);
  return () => {
    if (heldHere.delete(real)) unlinkSync(path);
  };
}

/** The worker's id: `given` from now on, else the one kept in the directory, else a new one, which is kept. */
export function workerIdIn(directory: string, given: string | undefined): string {
  const path = join(directory, 'worker.json');
  const kept = (readJson(path) as { id?: unknown } | undefined)?.id;
  if (typeof kept === 'string' && kept !== '' && (given === undefined || given === kept))
    return kept;
  const id = given ?? newWorkerId();
  const temporary = `${path}.new`;
  writeFileSync(temporary, JSON.stringify({ id }));
  renameSync(temporary, path);
  return id;
}

/** `worker_<uuid>`. */
export function newWorkerId(): string {
  return `worker_${randomUUID()}`;
}

function takeLock(lock: { directory: string; path: string; own: string }): void {
  for (let takeover = 0; takeover < MAX_TAKEOVERS; takeover += 1) {
    if (tryLink(lock.own, lock.path)) return;
    const owner = readJson(lock.path) as LockOwner | undefined;
    if (owner !== undefined && isAlive(owner)) {
      throw new CacheLockedError({ directory: lock.directory, pid: owner.pid });
    }
    removeStale(lock, owner);
  }
  throw new CacheLockedError({ directory: lock.directory, pid: 0 });
}

/** Moves the dead owner's lock away; a lock that somebody else has just taken is put back. */
function removeStale(lock: { path: string; own: string }, stale: LockOwner | undefined): void {
  const aside = `${lock.own}.stale`;
  try {
    renameSync(lock.path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const moved = readJson(aside) as LockOwner | undefined;
  if (moved?.pid !== stale?.pid || moved?.startedAt !== stale?.startedAt) tryLink(aside, lock.path);
  unlinkSync(aside);
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function isAlive(owner: LockOwner): boolean {
  // Our own id, but not held here: an earlier process had it (a container's first process always does).
  if (!Number.isInteger(owner.pid) || owner.pid <= 0 || owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
  const stat = statOf(owner.pid);
  // It has ended, and nobody has asked how: in a container without an init process nobody ever does.
  if (stat?.[STATE_AFTER_NAME] === 'Z') return false;
  return owner.startedAt === undefined || stat?.[START_TIME_AFTER_NAME] === owner.startedAt;
}

function ownerOf(pid: number): LockOwner {
  const startedAt = statOf(pid)?.[START_TIME_AFTER_NAME];
  return startedAt === undefined ? { pid } : { pid, startedAt };
}

/** Fields of /proc/<pid>/stat after the name; undefined where there is none. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

/** Undefined for a file that is not there or is no JSON object. */
function readJson(path: string): object | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    // a torn file: the process that wrote it died in between
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
