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
  return { kind: 'events', events: list };
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
  const ask: Ask = (expression, what) => evaluateCondition(run, expression, { what, own });
  const repeated = repeats(node, flow, ask);
  if (repeated.kind !== 'value') return repeated;
  if (repeated.value === 'again')
    return value({ ...success, data: { ...success.data, repeats: true } });
  if (repeated.value === 'exhausted') return { kind: 'value', value: exhausted(node, success) };
  for (const [index, loop] of node.loops.entries()) {
    if ((flow.taken[index] ?? 0) >= loop.max) continue;
    const to = run.plan.at(loop.to).task.id;
    const what = `the condition of the loop to "${to}"`;
    const holds = loop.condition === undefined ? undefined : ask(loop.condition(), what);
    if (holds !== undefined && holds.kind !== 'value') return holds;
    if (holds?.value === false) continue;
    return value({ ...success, data: { ...success.data, repeats: true, loop: to } });
  }
  return value(success);
}

function value(single: RunEvent): Turned {
  return { kind: 'value', value: [single] };
}

/** What `repeat` says after a round: another one, the end, or that the bound was reached too early. */
function repeats(
  node: PlanNode,
  flow: TaskFlow,
  ask: Ask,
): Evaluated<'again' | 'end' | 'exhausted'> {
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
  return { kind: 'value', value: isCounted || repeat.onMax === 'accept' ? 'end' : 'exhausted' };
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
