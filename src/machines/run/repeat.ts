/**
 * Loops: a success of a task with `repeat`, or with an edge that leads back, may be the beginning of another round.
 * Every decision passes through here, so that whatever makes a task succeed, its loops are asked.
 */
import { event, type RunEvent } from '../../events/catalogue.ts';
import { type Failure, failureCodes } from '../../messages/failure.ts';
import type { CompiledExpression } from '../../workflow/expressions.ts';
import type { JsonValue } from '../../workflow/value.ts';
import { parseActivation } from './activation.ts';
import type { RunAggregate, TaskFlow } from './aggregate.ts';
import type { Decision } from './decision.ts';
import { identityOf } from './identity.ts';
import type { PlanNode } from './plan.ts';
import { mayBegin } from './rounds.ts';
import { type Evaluated, evaluateCondition } from './scope.ts';

type Succeeded = Extract<RunEvent, { type: 'task.succeeded' }>;

/** The decision with its successes turned into repetitions where a loop goes on. */
export function withLoops(run: RunAggregate, decision: Decision): Decision {
  if (run.flow === undefined || decision.kind !== 'events') return decision;
  const list: RunEvent[] = [];
  for (const decided of decision.events) {
    const node = decided.type === 'task.succeeded' ? loopingNode(run, decided) : undefined;
    if (node === undefined || !mayBegin(run, node.index)) {
      list.push(decided);
      continue;
    }
    const turned = turn(run, node, decided as Succeeded);
    if (turned.kind === 'needs') return turned;
    list.push(
      ...(turned.kind === 'failed'
        ? failed(node, decided as Succeeded, turned.failure)
        : turned.value),
    );
  }
  return { ...decision, events: list };
}

/** The task of a success that has a loop; instances and compensations have none. */
function loopingNode(run: RunAggregate, { data }: Succeeded): PlanNode | undefined {
  if (data.repeats === true) return undefined;
  const name = parseActivation(data.taskId);
  if (name === undefined || name.undo || name.indexes.length > 0) return undefined;
  const node = run.plan.byId(name.taskId);
  return node?.task.repeat === undefined && (node?.loops.length ?? 0) === 0 ? undefined : node;
}

/** Whether something holds with the output that the task is about to have. */
type Ask = (expression: CompiledExpression, what: string) => Evaluated<boolean>;

type Turned =
  | { kind: 'needs'; refs: Extract<Decision, { kind: 'needs' }>['refs'] }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'value'; value: RunEvent[] };

function turn(run: RunAggregate, node: PlanNode, success: Succeeded): Turned {
  const flow = run.flow?.tasks[node.index] as TaskFlow;
  const own = { task: node.task.id, output: success.data.output as JsonValue };
  const ask: Ask = (expression, what) =>
    evaluateCondition(run, expression, { what, own, at: success.data.taskId });
  const repeated = repeats(node, flow, ask);
  if (repeated.kind !== 'value') return repeated;
  if (repeated.value === 'again')
    return value({ ...success, data: { ...success.data, repeats: true } });
  if (repeated.value === 'exhausted') return { kind: 'value', value: exhausted(node, success) };
  const end = repeated.value === 'accepted' ? noted(success, node.task.id) : success;
  return turnBack(run, { node, flow, ask }, end);
}

/** The first edge that leads back and whose condition holds; one whose bound is used up leads back no more. */
function turnBack(
  run: RunAggregate,
  { node, flow, ask }: { node: PlanNode; flow: TaskFlow; ask: Ask },
  success: Succeeded,
): Turned {
  let end = success;
  for (const [index, loop] of node.loops.entries()) {
    const isUsedUp = (flow.taken[index] ?? 0) >= loop.max;
    // Without a condition the bound is what was asked for.
    if (isUsedUp && loop.condition === undefined) continue;
    const to = run.plan.at(loop.to).task.id;
    const what = `the condition of the loop to "${to}"`;
    const holds = loop.condition === undefined ? undefined : ask(loop.condition(), what);
    if (holds !== undefined && holds.kind !== 'value') return holds;
    if (holds?.value === false) continue;
    if (!isUsedUp) return value({ ...end, data: { ...end.data, repeats: true, loop: to } });
    if (loop.onMax === 'fail')
      return { kind: 'value', value: failed(node, success, usedUp(to, loop.max)) };
    end = noted(end, to);
  }
  return value(end);
}

/** The success says which loop its bound ended; of several the first. */
function noted(success: Succeeded, to: string): Succeeded {
  const { data } = success;
  return data.exhausted === undefined ? { ...success, data: { ...data, exhausted: to } } : success;
}

function usedUp(to: string, max: number): Failure {
  const message = `the loop to "${to}" was taken ${max} times and its condition still holds`;
  return { code: failureCodes.loopExhausted, message, retryable: false };
}

function value(single: RunEvent): Turned {
  return { kind: 'value', value: [single] };
}

/** What `repeat` says after a round: another one, the end, or that the bound was reached too early, and may be. */
function repeats(
  node: PlanNode,
  flow: TaskFlow,
  ask: Ask,
): Evaluated<'again' | 'end' | 'accepted' | 'exhausted'> {
  const { repeat } = node.task;
  if (repeat === undefined) return { kind: 'value', value: 'end' };
  let goesOn = true;
  if (node.until !== undefined) {
    const holds = ask(node.until, 'repeat.until');
    if (holds.kind !== 'value') return holds;
    goesOn = !holds.value;
  }
  if (goesOn && node.while !== undefined) {
    const holds = ask(node.while, 'repeat.while');
    if (holds.kind !== 'value') return holds;
    goesOn = holds.value;
  }
  if (!goesOn) return { kind: 'value', value: 'end' };
  if (flow.repeated + 1 < repeat.max) return { kind: 'value', value: 'again' };
  const isCounted = repeat.until === undefined && repeat.while === undefined;
  if (isCounted) return { kind: 'value', value: 'end' };
  return { kind: 'value', value: repeat.onMax === 'accept' ? 'accepted' : 'exhausted' };
}

function exhausted(node: PlanNode, success: Succeeded): RunEvent[] {
  const max = node.task.repeat?.max ?? 0;
  const message = `the loop ran ${max} times and its condition did not end it`;
  return failed(node, success, { code: failureCodes.loopExhausted, message, retryable: false });
}

/** The end of a task whose loop failed; its last output is kept. */
function failed(node: PlanNode, { data }: Succeeded, error: Failure): RunEvent[] {
  const { output, attempt, agent, worker, startedAt } = data;
  const identity = identityOf(data.taskId, node.task);
  const list: RunEvent[] = [
    event('task.failed', {
      ...identity,
      ...(attempt === undefined ? {} : { attempt }),
      ...(agent === undefined ? {} : { agent }),
      ...(worker === undefined ? {} : { worker }),
      ...(startedAt === undefined ? {} : { startedAt }),
      error,
      output,
    }),
  ];
  if (node.task.onFailure === 'skip')
    list.push(event('task.skipped', { ...identity, reason: 'on_failure' }));
  return list;
}
