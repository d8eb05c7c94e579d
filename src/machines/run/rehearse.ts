/**
 * What a new version of a workflow would mean for a run that is there already: its history is folded as it is, and
 * beside that through the new definition. Changes nothing; memory goes with the tasks of one run and not with its events.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { Envelope } from '../../events/envelope.ts';
import type { PatchProblem } from '../../workflow/change/patch.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { foldedCells } from '../cell.ts';
import { parseActivation } from './activation.ts';
import { propose } from './adapt.ts';
import { type RunAggregate, runState } from './aggregate.ts';
import { createAggregate, evolve } from './evolve.ts';
import { forkAggregate } from './fork.ts';
import { endedRunStates } from './machine.ts';

/** `moves`: the live run can go on with it. `same`: it has it. `folds`: it has ended, and its history fits. */
export type Verdict = 'moves' | 'same' | 'folds' | 'breaks';

export interface Rehearsed {
  runId: string;
  status: string;
  verdict: Verdict;
  /** Where it breaks first. */
  at?: { streamVersion: number; task?: string };
  /** Why it breaks. */
  problems: PatchProblem[];
  /** Tasks that have begun and stay as they are in this run; with them it moves. */
  keeps?: string[];
}

type CreatedEnvelope = Pick<Envelope, 'at' | 'streamVersion' | 'correlationId' | 'trace'>;
type CreatedData = Extract<RunEvent, { type: 'run.created' }>['data'];
type Recorded = RunEvent & { at: number; streamVersion: number };

/** Where a history stopped to fit. */
interface Break {
  streamVersion: number;
  task: string | undefined;
  reason: string;
}

export class Rehearsal {
  readonly #next: WorkflowDefinition;
  readonly #run: RunAggregate;
  readonly #through: RunAggregate;
  /** Of the own fold: the run cannot be read at all. */
  #broken: Break | undefined;
  /** Of the fold through the new definition. */
  #break: Break | undefined;
  /** By task: its first event. */
  readonly #first = new Map<string, number>();

  constructor(options: {
    envelope: CreatedEnvelope;
    data: CreatedData;
    /** What the run was created with. */
    definition: WorkflowDefinition;
    next: WorkflowDefinition;
    nextHash: string;
  }) {
    const { envelope, data, definition, next, nextHash } = options;
    this.#next = next;
    this.#run = createAggregate({ envelope, data, definition, cells: foldedCells });
    const through = { ...data, definitionHash: nextHash };
    this.#through = createAggregate({
      envelope,
      data: through,
      definition: next,
      cells: foldedCells,
    });
  }

  /** The next event of the run, in order and each once. Throws nothing. */
  take(event: Recorded): void {
    const task = taskOf(event);
    if (task !== undefined && !this.#first.has(task)) this.#first.set(task, event.streamVersion);
    this.#broken ??= tried(event, task, () => evolve(this.#run, event));
    this.#break ??= tried(event, task, () => evolve(this.#through, this.#withoutChange(event)));
  }

  /** The origin was taken up to its point, and this is the fork's first event: what was before is one event here. */
  fork(forked: Parameters<typeof forkAggregate>[1]): void {
    const event = { type: 'run.forked', streamVersion: 1 };
    for (const task of this.#first.keys()) this.#first.set(task, 1);
    if (this.#broken !== undefined) this.#broken = { ...this.#broken, streamVersion: 1 };
    if (this.#break !== undefined) this.#break = { ...this.#break, streamVersion: 1 };
    this.#broken ??= tried(event, undefined, () => forkAggregate(this.#run, forked));
    this.#break ??= tried(event, undefined, () => forkAggregate(this.#through, forked));
  }

  /** `keep`: what has begun stays as it is. */
  verdict({ keep, now }: { keep: boolean; now: number }): Rehearsed {
    const { runId } = this.#run.header;
    const state = runState(this.#run);
    const isQuarantined = this.#run.quarantine !== undefined;
    const status = isQuarantined ? 'quarantined' : state;
    const base = { runId, status };
    if (this.#broken !== undefined)
      return { ...base, verdict: 'breaks', ...brokenBy(this.#broken, 'the run cannot be read') };
    const isLive = state === 'pending' || state === 'running' || state === 'paused';
    if (endedRunStates.has(state) || !isLive) return { ...base, ...this.#ofEnded() };
    if (isQuarantined) return { ...base, verdict: 'breaks', problems: [quarantined] };
    return { ...base, ...this.#ofLive(keep, now) };
  }

  #ofEnded(): Pick<Rehearsed, 'verdict' | 'at' | 'problems'> {
    if (this.#break === undefined) return { verdict: 'folds', problems: [] };
    return { verdict: 'breaks', ...brokenBy(this.#break, 'its history does not fit') };
  }

  #ofLive(keep: boolean, now: number): Omit<Rehearsed, 'runId' | 'status'> {
    const options = { definition: this.#next, now };
    const { reply, data, begun } = propose(this.#run, { keep }, options);
    const problems = reply.problems.filter(({ severity }) => severity === 'error');
    if (problems.length === 0) return { verdict: data === undefined ? 'same' : 'moves', problems };
    const at = this.#firstOf(problems);
    const found = { verdict: 'breaks' as const, problems, ...(at === undefined ? {} : { at }) };
    if (keep || begun.length === 0) return found;
    const kept = propose(this.#run, { keep: true }, options).reply.problems;
    const isKept = kept.every(({ severity }) => severity !== 'error');
    return isKept ? { ...found, keeps: begun } : found;
  }

  /** A patch of another definition changes nothing here; what it withdrew is scheduled again. */
  #withoutChange(event: Recorded): Recorded {
    if (event.type !== 'run.adapted') return event;
    const { definitionHash } = this.#through.header;
    const { withdrawn, patch } = event.data;
    const left = (withdrawn ?? []).filter((id) => this.#through.activations.has(id));
    return { ...event, data: { patch, definitionHash, change: {}, withdrawn: left } };
  }

  /** The first event of the tasks that are in the way. */
  #firstOf(problems: readonly PatchProblem[]): Rehearsed['at'] | undefined {
    let first: Rehearsed['at'];
    for (const { task } of problems) {
      const streamVersion = task === undefined ? undefined : this.#first.get(task);
      if (task === undefined || streamVersion === undefined) continue;
      if (first === undefined || streamVersion < first.streamVersion)
        first = { streamVersion, task };
    }
    return first;
  }
}

const quarantined: PatchProblem = {
  code: 'adapt.quarantined',
  severity: 'error',
  path: '',
  message: 'the run is in quarantine',
  hint: 'Release or terminate it first.',
};

function taskOf({ data }: RunEvent): string | undefined {
  const { taskId } = data as { taskId?: string };
  return taskId === undefined ? undefined : parseActivation(taskId)?.taskId;
}

function tried(
  { streamVersion, type }: { streamVersion: number; type: string },
  task: string | undefined,
  fold: () => void,
): Break | undefined {
  try {
    fold();
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { streamVersion, task, reason: `${type}: ${why}` };
  }
}

function brokenBy(
  { streamVersion, task, reason }: Break,
  what: string,
): Pick<Rehearsed, 'at' | 'problems'> {
  const named = task === undefined ? {} : { task };
  const message = `${what} from version ${streamVersion} on (${reason})`;
  const hint = 'Keep the tasks that runs have begun, under their ids.';
  const path = task === undefined ? '' : `tasks.${task}`;
  return {
    at: { streamVersion, ...named },
    problems: [{ code: 'adapt.history', severity: 'error', path, ...named, message, hint }],
  };
}
