/** How long a task takes, as far as its definition says. */
import type { TaskDefinition } from '../definition.ts';

/** Milliseconds of work of one attempt; undefined where nobody knows before the run. */
export function knownMs({
  wait,
  pass,
  agent,
  parameters,
  foreach,
}: TaskDefinition): number | undefined {
  if (foreach !== undefined) return undefined;
  if (pass === true) return 0;
  if (wait !== undefined)
    return wait.kind === 'timer' && typeof wait.duration === 'number' ? wait.duration : undefined;
  const { ms } = parameters;
  return agent === 'sleep' && typeof ms === 'number' ? ms : undefined;
}

/** Milliseconds that it may take at most, retries and rounds included; undefined where nothing bounds it. */
export function longestMs(task: TaskDefinition): number | undefined {
  const { wait, timeoutMs, retry, repeat } = task;
  const rounds = repeat?.max ?? 1;
  const known = knownMs(task);
  if (known !== undefined && retry === undefined) return known * rounds;
  if (wait?.kind === 'signal' || wait?.kind === 'approval') return wait.timeoutMs;
  if (timeoutMs === undefined || task.foreach !== undefined) return undefined;
  const attempts = retry?.maxAttempts ?? 1;
  let delays = 0;
  let delay = retry?.delayMs ?? 0;
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    delays += Math.min(delay, retry?.maxDelayMs ?? Number.POSITIVE_INFINITY);
    if (retry?.backoff === 'exponential') delay *= 2;
    if (!Number.isFinite(delays)) return undefined;
  }
  return (attempts * timeoutMs + delays) * rounds;
}

/** True for what takes a place of `max_parallel`. */
export function takesSlot({ pass, wait }: TaskDefinition): boolean {
  return pass !== true && wait === undefined;
}
