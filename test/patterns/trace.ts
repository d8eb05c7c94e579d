/** What happened in one run, in a form in which orders can be looked at. */
import { parseActivation } from '../../src/machines/run/activation.ts';
import type { JsonValue } from '../../src/workflow/value.ts';

export interface TracedEvent {
  readonly type: string;
  readonly data: unknown;
}

/** One activation: where in the history it became ready, began and ended. A skipped one never began. */
export interface Span {
  readonly activation: string;
  readonly ready: number;
  readonly begin: number;
  readonly end: number;
  readonly how: string;
  readonly output: JsonValue | undefined;
}

export interface Trace {
  readonly events: readonly TracedEvent[];
  /** `succeeded`, `failed` or `canceled`; undefined where the run has not ended. */
  readonly status: string | undefined;
  readonly output: JsonValue | undefined;
  readonly spans: readonly Span[];
}

const NEVER = Number.POSITIVE_INFINITY;
const BEGINS = new Set(['task.started', 'task.waiting', 'task.expanded']);
const ENDS = new Map([
  ['task.succeeded', 'succeeded'],
  ['task.failed', 'failed'],
  ['task.canceled', 'canceled'],
  ['task.skipped', 'skipped'],
]);

type Draft = { -readonly [Field in keyof Span]: Span[Field] };

/** The history of a run, from its first event on. */
export function traceOf(events: readonly TracedEvent[]): Trace {
  const drafts = new Map<string, Draft>();
  for (const [at, { type, data }] of events.entries()) {
    const { taskId, output } = data as { taskId?: string; output?: JsonValue };
    if (taskId === undefined) continue;
    let draft = drafts.get(taskId);
    if (draft === undefined) {
      draft = {
        activation: taskId,
        ready: at,
        begin: NEVER,
        end: NEVER,
        how: '',
        output: undefined,
      };
      drafts.set(taskId, draft);
    }
    if (BEGINS.has(type)) draft.begin = Math.min(draft.begin, at);
    const how = ENDS.get(type);
    if (how === undefined) continue;
    // What needs no agent and no time begins and ends at once.
    if (how === 'succeeded' || how === 'failed') draft.begin = Math.min(draft.begin, at);
    Object.assign(draft, { end: at, how, output });
  }
  const last = events.at(-1);
  const status = /^run\.(succeeded|failed|canceled)$/.exec(last?.type ?? '')?.[1];
  const { output } = (last?.data ?? {}) as { output?: JsonValue };
  return { events, status, output, spans: [...drafts.values()] };
}

/**
 * The activations of a name, in the order in which they became ready: `pack` is all rounds of the task, `pack~` all
 * instances of all rounds.
 */
export function spansOf({ spans }: Trace, name: string): Span[] {
  const ofInstances = name.endsWith('~');
  const task = ofInstances ? name.slice(0, -1) : name;
  return spans.filter(({ activation }) => {
    const parsed = parseActivation(activation);
    return parsed?.taskId === task && !parsed.undo && parsed.indexes.length > 0 === ofInstances;
  });
}

/** Those of a name that ran, in the order in which they began. */
export function begun(trace: Trace, name: string): Span[] {
  return spansOf(trace, name)
    .filter(({ begin }) => begin !== NEVER)
    .sort((a, b) => a.begin - b.begin);
}

/** Where each success of a name is, in order. */
export function successes(trace: Trace, name: string): number[] {
  return spansOf(trace, name)
    .filter(({ how }) => how === 'succeeded')
    .map(({ end }) => end)
    .sort((a, b) => a - b);
}
