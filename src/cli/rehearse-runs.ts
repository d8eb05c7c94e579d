/** The runs that a new version of a workflow would meet, one after the other, each folded and forgotten again. */
import type { RunEvent } from '../events/catalogue.ts';
import type { Commit } from '../events/envelope.ts';
import { Rehearsal, type Rehearsed } from '../machines/run/rehearse.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';
import { definitionHash } from '../workflow/parse.ts';
import { isKeptValue, type JsonObject } from '../workflow/value.ts';
import { now } from './clock.ts';
import type { Reader } from './reader.ts';

/** Documents asked for at once. */
const PAGE = 200;

export interface Wanted {
  live: boolean;
  /** Runs that have ended, the newest ones; 0 for none. */
  recent: number;
  /** Further runs by id. */
  ids: readonly string[];
}

const ENDED: ReadonlySet<unknown> = new Set(['succeeded', 'failed', 'canceled']);

/** Ids of the runs of a workflow that are wanted, newest first, each once. */
export async function* runsOf(
  reader: Reader,
  name: string,
  wanted: Wanted,
): AsyncGenerator<string> {
  yield* wanted.ids;
  let recent = wanted.recent;
  let page: string | undefined;
  do {
    const { documents, next } = await reader.query('runs', {
      ...{ index: 'name', prefix: `${name}/`, reverse: true, limit: PAGE },
      ...(page === undefined ? {} : { page }),
    });
    for (const { document } of documents) {
      const { runId, state, name: own } = document as JsonObject;
      if (own !== name || typeof runId !== 'string' || wanted.ids.includes(runId)) continue;
      const isEnded = ENDED.has(state);
      if (isEnded ? recent === 0 : !wanted.live) continue;
      if (isEnded) recent -= 1;
      yield runId;
    }
    page = next;
  } while (page !== undefined && (wanted.live || recent > 0));
}

/** Folds one run, and through the new definition. Throws `run.not-found`, and what reading throws. */
export async function rehearseRun(
  reader: Reader,
  runId: string,
  { definition, keep }: { definition: WorkflowDefinition; keep: boolean },
): Promise<Rehearsed | undefined> {
  const nextHash = definitionHash(definition);
  let rehearsal: Rehearsal | undefined;
  for await (const { commit, event, streamVersion } of historyOf(reader, runId)) {
    if (event.type === 'run.created')
      rehearsal = await begin(reader, { commit, data: event.data, next: definition, nextHash });
    else if (event.type === 'run.forked') rehearsal?.fork({ envelope: commit, data: event.data });
    else rehearsal?.take({ ...event, at: commit.at, streamVersion });
  }
  return rehearsal?.verdict({ keep, now: now() });
}

/** Every event of a run, and before that of the runs that it was forked from, each up to its point. */
async function* historyOf(
  reader: Reader,
  runId: string,
  upTo = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ commit: Commit; event: RunEvent; streamVersion: number }> {
  for await (const commits of reader.commits(runId)) {
    for (const commit of commits) {
      for (const [index, recorded] of commit.events.entries()) {
        const streamVersion = commit.firstVersion + index;
        if (streamVersion > upTo) return;
        const event = recorded as RunEvent;
        if (event.type === 'run.forked') yield* historyOf(reader, event.data.from, event.data.at);
        yield { commit, event, streamVersion };
      }
    }
  }
}

async function begin(
  reader: Reader,
  parts: {
    commit: Commit;
    data: Extract<RunEvent, { type: 'run.created' }>['data'];
    next: WorkflowDefinition;
    nextHash: string;
  },
): Promise<Rehearsal> {
  const { commit, data, next, nextHash } = parts;
  const stored: unknown = data.definition;
  const definition = isKeptValue(stored)
    ? (JSON.parse(Buffer.from(await reader.blob(stored)).toString('utf8')) as WorkflowDefinition)
    : data.definition;
  return new Rehearsal({
    envelope: { ...commit, streamVersion: 1 },
    data,
    definition,
    next,
    nextHash,
  });
}
