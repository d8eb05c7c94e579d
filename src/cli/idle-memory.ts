/**
 * Gives memory back that a busy time has left behind. V8 collects when something is allocated: a process that waits keeps
 * its garbage and a nursery of its largest size for as long as it waits.
 *
 * I1 Nothing is collected while there is work, nor where little would come of it: the collection stops the process, for
 *    tens of milliseconds where little is alive and a few hundred with 100,000 waiting runs.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_EVERY_MS = 10_000;
/** At most this much of the time since the last look was spent on work. */
const QUIET_SHARE = 0.05;
/** The heap is this much larger than it needs to be, as far as is known. */
const WORTH_BYTES = 64 * 1024 * 1024;

/** Runs that wait leave memory after a minute; after this many quiet looks in a row what they left is collected as well. */
const LOOKS_UNTIL_LEFT = 8;

/** What is asked of the process; a test gives its own. */
export interface Heap {
  /** The share of the time since the last call that was work, 0 to 1. */
  busyShare(): number;
  /** Bytes that the heap holds, used or not. */
  total(): number;
  /** Collects everything and gives free pages back. */
  collect(): void;
}

/** Looks every ten seconds whether it is time, until the returned function is called. Keeps no process alive. */
export function returnIdleMemory(heap: Heap = processHeap()): () => void {
  let needed = 0;
  let quietLooks = 0;
  let isLater = false;
  heap.busyShare();
  const timer = setInterval(() => {
    quietLooks = heap.busyShare() <= QUIET_SHARE ? quietLooks + 1 : 0;
    if (quietLooks === 0) return;
    const isGrown = heap.total() - needed >= WORTH_BYTES;
    const hasLeft = isLater && quietLooks >= LOOKS_UNTIL_LEFT;
    if (!isGrown && !hasLeft) return;
    heap.collect();
    needed = heap.total();
    isLater = isGrown && needed >= WORTH_BYTES && quietLooks < LOOKS_UNTIL_LEFT;
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function processHeap(): Heap {
  let last = performance.eventLoopUtilization();
  return {
    busyShare: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    total: () => process.memoryUsage().heapTotal,
    collect: collector(),
  };
}

/** The only flavor that also shrinks the nursery and compacts what is nearly empty; there is no other way to ask for it. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
