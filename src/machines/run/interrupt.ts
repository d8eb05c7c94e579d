/**
 * `pause` with `hard`: what runs is asked to stop, and starts again with the next attempt once the run goes on. Asked,
 * acknowledged and forced as in any cancellation; only the end is another one: the task is ready again instead of canceled.
 *
 * P1 No two attempts at once: the next one is ready when the one before has stopped or was given up.
 * P2 An interrupted attempt does not count for the retry policy. Its success, should it come all the same, is taken.
 * P3 Waits go on waiting, and child runs go on: nobody works for them here.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { CANCEL_PATIENCE_MS } from '../task/decide.ts';
import { type Activation, type RunAggregate, runState } from './aggregate.ts';
import { type Decision, events, type RunMessage, type TurnInput } from './decision.ts';
import { identity } from './identity.ts';
import { stopReason } from './stopping.ts';

/** Attempts that one answer interrupts. */
const MAX_BATCH = 100;

type Canceled = Extract<RunEvent, { type: 'task.canceled' }>;

/** The next attempts to interrupt; undefined where there are none, or the pause lets them finish. */
export function advanceInterrupt(run: RunAggregate, input: TurnInput): Decision | undefined {
  if (!run.isHardPause) return undefined;
  const list: RunEvent[] = [];
  for (const activation of run.running) {
    if (list.length === MAX_BATCH) break;
    const dueAt = input.now + CANCEL_PATIENCE_MS;
    const reason = stopReason.pause;
    const own = identity(activation);
    list.push(event('task.cancelRequested', { ...own, reason, dueAt, resumes: true }));
  }
  return list.length === 0 ? undefined : events(...list);
}

/** The decision with the ends of interrupted attempts turned into the beginning of the next; a command means what it says. */
export function withInterrupted(
  run: RunAggregate,
  message: RunMessage,
  decision: Decision,
): Decision {
  if (decision.kind !== 'events' || message.type === 'command') return decision;
  const isOver = decision.events.some((decided) => resumed(run, decided) !== undefined);
  if (!isOver) return decision;
  return events(
    ...decision.events.flatMap((decided) => {
      const activation = resumed(run, decided);
      return activation === undefined ? [decided] : again(activation, decided as Canceled);
    }),
  );
}

/** The interrupted activation that an event cancels, while the run goes on. */
function resumed(run: RunAggregate, decided: RunEvent): Activation | undefined {
  if (decided.type !== 'task.canceled') return undefined;
  const activation = run.activations.get(decided.data.taskId);
  const state = runState(run);
  const goesOn = state === 'running' || state === 'paused';
  return goesOn && activation?.resumes === true ? activation : undefined;
}

function again(activation: Activation, { data }: Canceled): RunEvent[] {
  const { attempt, retryBase, uncounted } = activation.context;
  const { terminates: _, child: __, ...end } = data;
  return [
    event('task.reset', { ...end, from: activation.state }),
    event('task.scheduled', {
      ...identity(activation),
      attempt: attempt + 1,
      retryBase: retryBase + uncounted + 1,
    }),
  ];
}
