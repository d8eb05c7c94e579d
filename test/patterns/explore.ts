/**
 * Plays a pattern as a pure run, with everything that comes from outside in as many orders as there are: ends of
 * attempts, timers, signals, answers to a cancel. First one order after the other, then orders drawn at random.
 */
import type { Activation } from '../../src/machines/run/aggregate.ts';
import { dueAtOf } from '../../src/machines/run/aggregate.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';
import { PureRun, type Recorded } from '../machines/pure-run.ts';
import { seededRandom } from '../support/seeded.ts';
import type { Case, Pattern } from './pattern.ts';

/** A pattern is small: whatever takes longer goes round in circles. */
const MAX_MOVES = 200;

type Move = () => void;
/** Which of so many moves comes next. */
type Choose = (moves: number) => number;

/** At most `inOrder` orders one after the other; where there are more, `atRandom` others. */
export function explore(
  play: { pattern: Pattern; workflow: JsonObject; use: Case },
  { inOrder, atRandom }: { inOrder: number; atRandom: number },
): (readonly Recorded[])[] {
  const histories: (readonly Recorded[])[] = [];
  let path: number[] | undefined = [];
  while (path !== undefined && histories.length < inOrder) {
    const widths: number[] = [];
    const given = path;
    const taken: number[] = [];
    histories.push(
      playOnce(play, (moves) => {
        const choice = given[taken.length] ?? 0;
        widths.push(moves);
        taken.push(choice);
        return choice;
      }),
    );
    path = nextPath(taken, widths);
  }
  if (path === undefined) return histories;
  for (let seed = 1; seed <= atRandom; seed += 1) {
    const random = seededRandom(seed);
    histories.push(playOnce(play, (moves) => Math.floor(random() * moves)));
  }
  return histories;
}

/** The next path in the order of numbers; undefined after the last one. */
function nextPath(taken: readonly number[], widths: readonly number[]): number[] | undefined {
  for (let at = taken.length - 1; at >= 0; at -= 1) {
    const choice = (taken[at] ?? 0) + 1;
    if (choice < (widths[at] ?? 0)) return [...taken.slice(0, at), choice];
  }
  return undefined;
}

function playOnce(
  { pattern, workflow, use }: { pattern: Pattern; workflow: JsonObject; use: Case },
  choose: Choose,
): readonly Recorded[] {
  const run = new PureRun(workflow, use.input === undefined ? {} : { input: use.input });
  const outside = [...(use.outside ?? [])];
  for (let count = 0; count < MAX_MOVES; count += 1) {
    const moves = [...run.run.open].flatMap((activation) => movesOf(run, activation, pattern));
    const [next] = outside;
    const isDue =
      next !== undefined && (next.after === undefined || run.lines().includes(next.after));
    if (isDue && !hasEnded(run))
      moves.push(() => {
        outside.shift();
        const { signal: name, payload } = next;
        run.command({ type: 'signal', name, ...(payload === undefined ? {} : { payload }) });
      });
    if (moves.length === 0) return run.history;
    moves[choose(moves.length)]?.();
  }
  throw new Error(`${pattern.file} does not end: ${run.lines().slice(-12).join(', ')}`);
}

function hasEnded(run: PureRun): boolean {
  return ['succeeded', 'failed', 'canceled'].includes(run.state);
}

function movesOf(run: PureRun, activation: Activation, pattern: Pattern): Move[] {
  const { id, state, expansion } = activation;
  if (expansion !== undefined) return [];
  const child = (activation as { child?: string }).child;
  if (child !== undefined && (state === 'waiting' || state === 'canceling'))
    return [() => endChild(run, activation, pattern)];
  if (state === 'running') return [() => run.succeed(id, outputOf(run, activation))];
  if (state === 'canceling') {
    const error = { code: 'task.canceled', message: 'asked to stop', retryable: false };
    return [() => run.fail(id, error), () => run.succeed(id, outputOf(run, activation))];
  }
  return dueAtOf(activation) === null ? [] : [() => run.fire(id)];
}

function startedWith(run: PureRun, id: string): JsonObject {
  const started = run.history.findLast(
    ({ event: { type, data } }) =>
      type === 'task.started' && (data as { taskId: string }).taskId === id,
  );
  return (started?.event.data ?? {}) as JsonObject;
}

/** What the agents of the patterns give: `echo` its parameters, `sleep` what stands in `then`. */
function outputOf(run: PureRun, { id, node }: Activation): JsonValue {
  const parameters = (startedWith(run, id).parameters ?? {}) as JsonObject;
  return node.task.agent === 'sleep' ? (parameters.then ?? null) : parameters;
}

function endChild(run: PureRun, activation: Activation, pattern: Pattern): void {
  const waiting = run.history.findLast(
    ({ event: { type, data } }) =>
      type === 'task.waiting' && (data as { taskId: string }).taskId === activation.id,
  );
  const { inputs = {} } = (waiting?.event.data ?? {}) as { inputs?: JsonObject };
  const output = pattern.child?.(inputs) ?? null;
  (run as unknown as { childEnds(id: string, end: object): void }).childEnds(activation.id, {
    status: 'succeeded',
    output,
  });
}
