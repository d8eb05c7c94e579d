/**
 * Starts a command in a process group of its own and ends the whole group.
 *
 * Invariants
 * - G1 When `endGroup` resolves, no process of the group is left (one that moved to a session of its own is not in it).
 * - G2 A group id is signalled only until it was once seen gone, so a reused id is never hit.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** How long a group may take to end after SIGTERM before it gets SIGKILL. */
const TERMINATION_GRACE_MS = 2_000;
/** Pause between two looks at an ending group. */
const POLL_MS = 10;
/** Looks after SIGKILL: the kernel needs a moment, and what nobody reaps (a zombie) never goes away. */
const MAX_LOOKS_AFTER_KILL = 50;

const onWindows = process.platform === 'win32';

/** Waits without the agent's signal, which has aborted by the time a group must end. */
export type Pause = (ms: number) => Promise<void>;

/** Spawns with pipes on all three streams, as the leader of a new group (on Windows: as an ordinary child). */
export function spawnGroup(
  file: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'shell'>,
): ChildProcess {
  return spawn(file, args, {
    ...options,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: !onWindows,
    windowsHide: true,
  });
}

/** Asks the group of `pid` to end (SIGTERM), then makes it (SIGKILL); on Windows the process tree, at once. */
export async function endGroup(pid: number, pause: Pause): Promise<void> {
  if (onWindows) return endTree(pid);
  if (!signalGroup(pid, 'SIGTERM')) return;
  for (let waited = 0; waited < TERMINATION_GRACE_MS; waited += POLL_MS) {
    await pause(POLL_MS);
    if (!signalGroup(pid, 0)) return;
  }
  if (!signalGroup(pid, 'SIGKILL')) return;
  for (let look = 0; look < MAX_LOOKS_AFTER_KILL; look += 1) {
    await pause(POLL_MS);
    if (!signalGroup(pid, 0)) return;
  }
}

/** False when the group is gone. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return false;
    // A member changed its user: it exists and cannot be signalled by us. macOS says so of zombies too.
    if (code === 'EPERM') return false;
    throw error;
  }
}

function endTree(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const killer = spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
    // Its exit code says at most that the tree had ended by itself.
    killer.once('error', () => resolve());
    killer.once('exit', () => resolve());
  });
}
