/** Two signals in a moment are one wish to end; a later one ends the process at once. */
import { expect, it, vi } from 'vitest';
import { onInterrupt } from '../../src/cli/interrupt.ts';

it('takes signals that come together as one, and a later one as the end', () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const interrupt = onInterrupt();
  try {
    process.emit('SIGINT');
    expect(interrupt.signal.aborted).toBe(true);
    now.mockReturnValue(1_020);
    process.emit('SIGINT');
    expect(exit).not.toHaveBeenCalled();
    now.mockReturnValue(2_000);
    process.emit('SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
  } finally {
    interrupt.release();
    vi.restoreAllMocks();
  }
});
