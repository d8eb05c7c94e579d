/**
 * A data directory has one owner at a time, and most owners have it for a moment: a command that reads, or an `up` that
 * has opened the log and cannot say its address yet. Whoever finds it taken looks again, for a few seconds.
 */
import { setTimeout as pause } from 'node:timers/promises';

const LOOKS = 60;
const PAUSE_MS = 50;

/** Repeats an attempt that finds the log locked. Throws what the last attempt throws. */
export async function onceUnlocked<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let look = 1; ; look += 1) {
    try {
      return await attempt();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'log.locked' || look === LOOKS) throw error;
      await pause(PAUSE_MS);
    }
  }
}
