/** Memory that a busy time left behind is given back in a quiet one, and only then. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Heap, returnIdleMemory } from '../../src/cli/idle-memory.ts';

const MIB = 1024 * 1024;
const LOOK_MS = 10_000;

/** A heap that keeps what it is given until it is collected. */
class FakeHeap implements Heap {
  busy = 0;
  live = 30 * MIB;
  held = 300 * MIB;
  collections = 0;

  busyShare(): number {
    return this.busy;
  }

  total(): number {
    return this.held;
  }

  collect(): void {
    this.collections += 1;
    this.held = this.live;
  }
}

let heap: FakeHeap;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  heap = new FakeHeap();
  end = returnIdleMemory(heap);
});

afterEach(() => {
  end();
  vi.useRealTimers();
});

test('a heap that has grown is collected once it is quiet, and not again while it stays small', () => {
  heap.busy = 0.5;
  vi.advanceTimersByTime(3 * LOOK_MS);
  expect(heap.collections).toBe(0);
  heap.busy = 0.01;
  vi.advanceTimersByTime(LOOK_MS);
  expect(heap.collections).toBe(1);
  heap.held += 60 * MIB;
  vi.advanceTimersByTime(10 * LOOK_MS);
  expect(heap.collections).toBe(1);
  heap.held += 10 * MIB;
  vi.advanceTimersByTime(LOOK_MS);
  expect(heap.collections).toBe(2);
});

test('what is alive is collected once more when waiting runs have left memory, and not again', () => {
  heap.live = 500 * MIB;
  heap.held = 600 * MIB;
  vi.advanceTimersByTime(LOOK_MS);
  expect(heap.collections).toBe(1);
  heap.live = 100 * MIB;
  vi.advanceTimersByTime(10 * LOOK_MS);
  expect(heap.collections).toBe(2);
  expect(heap.held).toBe(100 * MIB);
  vi.advanceTimersByTime(20 * LOOK_MS);
  expect(heap.collections).toBe(2);
});

test('the heap of this process gets smaller', () => {
  end();
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const own = process.memoryUsage.bind(process);
  const spy = vi.spyOn(performance, 'eventLoopUtilization');
  spy.mockReturnValue({ idle: 100, active: 0, utilization: 0 });
  let garbage: number[][] | undefined = Array.from({ length: 200 }, () => Array(100_000).fill(1.5));
  const before = own().heapTotal;
  expect(garbage).toHaveLength(200);
  garbage = undefined;
  end = returnIdleMemory();
  vi.advanceTimersByTime(LOOK_MS);
  spy.mockRestore();
  expect(before - own().heapTotal).toBeGreaterThan(64 * MIB);
});
