/**
 * The command `adapt`: a live run gets another definition, as one event that holds what changed. It comes as a patch, as
 * a whole definition to move to, or as the wish to take the last one back. Applied whole, or refused with every reason.
 */
import { event } from '../../events/catalogue.ts';
import type { AdaptationReply, CommandMessage } from '../../messages/request.ts';
import {
  applyChange,
  changeOf,
  type DefinitionChange,
  isEmptyChange,
  keepingTasks,
} from '../../workflow/change/definition-change.ts';
import { differenceOf, differenceOfForms, patchOf } from '../../workflow/change/difference.ts';
import { fileFormOf } from '../../workflow/change/file-form.ts';
import { type PatchProblem, patchDefinition, problem } from '../../workflow/change/patch.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { definitionHash } from '../../workflow/parse.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { lookAt, lookAtDifference, timedFrom } from './adaptable.ts';
import { type RunAggregate, runState } from './aggregate.ts';
import { conflict, type Decision, rejected, type TurnInput } from './decision.ts';
import { approximateBytes } from './values.ts';

/** The most that one event may hold of a change, as JSON, about. */
const MAX_CHANGE_BYTES = 256 * 1024;

type AdaptCommand = Extract<CommandMessage, { type: 'adapt' }>;

/** What the door knows beside the command. */
export interface AdaptSources {
  /** The definition to move to, compiled and valid. */
  definition?: WorkflowDefinition | undefined;
  /** Agents that are there; absent: not checked. */
  agents?: readonly string[] | undefined;
}

/** What a run would become. */
export interface Proposal {
  reply: Omit<AdaptationReply, 'applied'>;
  /** Of the event; absent where something is in the way, or nothing changes. */
  data?: {
    patch: JsonValue;
    definitionHash: string;
    change: DefinitionChange;
    withdrawn?: string[];
    dueAt?: number;
    undoes?: number;
    tasks: number;
  };
  /** Tasks that have begun and are others in the new definition. */
  begun: string[];
}

export function decideAdapt(
  run: RunAggregate,
  command: AdaptCommand,
  input: TurnInput & AdaptSources,
): Decision {
  const state = runState(run);
  const mayChange = state === 'pending' || state === 'running' || state === 'paused';
  if (!mayChange || run.steering.endedBy !== undefined || run.steering.canceledBy !== undefined)
    return conflict(
      `a run that is ${mayChange ? 'ending' : state} cannot be adapted`,
      'Pending, running and paused runs are adapted. Start another run.',
      { status: state },
    );
  const { expectedVersion } = command;
  if (expectedVersion !== undefined && expectedVersion !== run.streamVersion)
    return conflict(
      `the run is at version ${run.streamVersion}, not ${expectedVersion}`,
      'Look at the run again, and send the patch with its version.',
      { streamVersion: run.streamVersion },
    );
  const proposal = propose(run, command, input);
  const { problems } = proposal.reply;
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (command.dryRun)
    return { kind: 'events', events: [], reply: { adaptation: replyOf(proposal, false) } };
  if (errors.length > 0) return refuse(errors, proposal);
  if (proposal.data === undefined)
    return { kind: 'events', events: [], reply: { adaptation: replyOf(proposal, false) } };
  return {
    kind: 'events',
    events: [event('run.adapted', proposal.data)],
    reply: { adaptation: replyOf(proposal, true) },
  };
}

function replyOf({ reply }: Proposal, applied: boolean): JsonValue {
  return { ...reply, applied } as unknown as JsonValue;
}

/** What the patch makes of the run, with everything that is in the way. Changes nothing. */
export function propose(
  run: RunAggregate,
  command: Pick<AdaptCommand, 'patch' | 'undo' | 'keep'>,
  { definition, agents, now }: AdaptSources & { now: number },
): Proposal {
  if (command.undo === true) return proposeUndo(run, now);
  if (definition !== undefined) return proposeMove(run, { definition, keep: command.keep, now });
  const before = run.plan.definition;
  const patched = patchDefinition(before, command.patch ?? null, agents);
  if (patched.definition === undefined) {
    const difference = differenceOfForms(fileFormOf(before), patched.form);
    const problems = [...patched.problems, ...lookAtDifference(run, difference)];
    return { reply: { difference, problems }, begun: [] };
  }
  return proposeDefinition(run, {
    after: patched.definition,
    patch: command.patch ?? null,
    problems: patched.problems,
    now,
  });
}

function proposeMove(
  run: RunAggregate,
  { definition, keep, now }: { definition: WorkflowDefinition; keep: boolean; now: number },
): Proposal {
  const before = run.plan.definition;
  const given = keepingTasks(before, definition);
  const begun = keep ? lookAt(run, given, now).begun : [];
  const after = keepingBegun(before, given, new Set(begun));
  // The definition itself is valid; with older tasks in it, it may not be.
  const mixed = begun.length === 0 ? undefined : patchDefinition(after, {});
  const patch = patchOf(differenceOf(before, after));
  const problems = mixed?.problems ?? [];
  return proposeDefinition(run, { after, patch, problems, now });
}

/** The new definition with what has begun in it as it is now: a task that is gone there stays as well. */
function keepingBegun(
  before: WorkflowDefinition,
  after: WorkflowDefinition,
  begun: ReadonlySet<string>,
): WorkflowDefinition {
  if (begun.size === 0) return after;
  const kept = new Map(
    before.tasks.filter(({ id }) => begun.has(id)).map((task) => [task.id, task]),
  );
  const known = new Set(after.tasks.map(({ id }) => id));
  const gone = [...kept.values()].filter(({ id }) => !known.has(id));
  return { ...after, tasks: [...gone, ...after.tasks.map((task) => kept.get(task.id) ?? task)] };
}

function proposeUndo(run: RunAggregate, now: number): Proposal {
  const before = run.plan.definition;
  const last = run.adaptations.at(-1);
  if (last === undefined) {
    const nothingLeft = problem(
      'adapt.nothing-to-undo',
      '',
      'no patch of this run can be taken back',
      'Send a patch that says what the tasks should be.',
    );
    const difference = differenceOf(before, before);
    return { reply: { difference, problems: [nothingLeft] }, begun: [] };
  }
  const after = applyChange(before, last.reverse);
  const patch = patchOf(differenceOf(before, after));
  const undoes = last.streamVersion;
  return proposeDefinition(run, { after, patch, problems: [], now, undoes });
}

function proposeDefinition(
  run: RunAggregate,
  wanted: {
    after: WorkflowDefinition;
    patch: JsonValue;
    problems: readonly PatchProblem[];
    now: number;
    undoes?: number;
  },
): Proposal {
  const { after, patch, now, undoes } = wanted;
  const before = run.plan.definition;
  const change = changeOf(before, after);
  const { problems: found, withdrawn, begun } = lookAt(run, after, now);
  const problems = [...wanted.problems, ...found, ...sizeProblems(change)];
  const difference = differenceOf(before, after);
  const hash = definitionHash(after);
  const isRefused = problems.some(({ severity }) => severity === 'error');
  const reply = {
    difference,
    problems,
    definitionHash: hash,
    ...(undoes === undefined ? {} : { undoes }),
  };
  if (isRefused || isEmptyChange(change)) return { reply, begun };
  const dueAt = deadlineAfter(run, after);
  const data = {
    patch,
    definitionHash: hash,
    change,
    ...(withdrawn.length === 0 ? {} : { withdrawn }),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(undoes === undefined ? {} : { undoes }),
    tasks: after.tasks.length,
  };
  return { reply, data, begun };
}

function sizeProblems(change: DefinitionChange): PatchProblem[] {
  const bytes = approximateBytes(change as unknown as JsonObject, MAX_CHANGE_BYTES);
  if (bytes <= MAX_CHANGE_BYTES) return [];
  const message = `the patch changes more than ${MAX_CHANGE_BYTES} bytes of the workflow`;
  return [problem('adapt.too-large', '', message, 'Send it in parts.')];
}

/** When the run times out afterwards; undefined where that stays. */
function deadlineAfter(run: RunAggregate, { settings }: WorkflowDefinition): number | undefined {
  const from = timedFrom(run);
  if (from === null || settings.timeoutMs === run.plan.definition.settings.timeoutMs)
    return undefined;
  const dueAt = from + settings.timeoutMs;
  const { deadline } = run.header;
  // A retry has put a deadline aside that had passed.
  return deadline === undefined || deadline <= from ? dueAt : Math.min(dueAt, deadline);
}

/** A run that stands in the way is a conflict, a patch that makes no workflow is not valid. */
function refuse(errors: readonly PatchProblem[], { reply }: Proposal): Decision {
  const isConflict = errors.every(({ code }) => conflicts.has(code));
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return rejected({
    status: isConflict ? 409 : 422,
    code: isConflict ? 'adapt.conflict' : 'adapt.invalid',
    message: `the run stays as it is: ${first?.message ?? ''}${more}`,
    hint:
      errors.length === 1 ? (first?.hint ?? '') : 'Correct all that is listed; a dry run shows it.',
    details: { problems: [...errors], difference: reply.difference },
  });
}

/** Problems that come from how far the run is, and not from what was written. */
const conflicts: ReadonlySet<string> = new Set([
  'adapt.task-started',
  'adapt.region-started',
  'adapt.loop-started',
  'adapt.child-started',
  'adapt.milestone-over',
  'adapt.rounds',
  'adapt.nothing-to-undo',
]);
