/**
 * Reading without changing: over NATS where an orchestrator runs, else from the log itself under its lock.
 */
import type { Client, QueryInput } from '../client/client.ts';
import type { Commit, Envelope, JsonEnvelope } from '../events/envelope.ts';
import { blobReferencesIn } from '../log/blob-references.ts';
import type { AppendRequest, EventLog } from '../log/event-log.ts';
import type { QueryReply } from '../messages/request.ts';
import { TroupeError } from '../workflow/errors.ts';
import type { BlobReference, JsonValue } from '../workflow/value.ts';
import type { CommandContext } from './command.ts';
import { findOrchestrator } from './connect.ts';
import { RunNotFoundError } from './errors.ts';
import { onceUnlocked } from './once-unlocked.ts';
import { openSession, type Session } from './session.ts';

const HISTORY_PAGE = 1_000;
/** Made of several projections: `blast-radius.ts`. */
const BLAST_RADIUS = 'blast_radius';

export interface RunHistory {
  /** Holds at least the run's stream, and those of its origins, and can be folded; positions in it mean nothing. */
  log: EventLog;
  /** The run's own, as the orchestrator shows them. */
  envelopes: Envelope[];
  /** Of a fork: what it has in common with the runs that it comes from, oldest first. */
  origins: Envelope[];
}

export interface Reader {
  /** What was read, for people. */
  readonly where: string;
  /** Present where an orchestrator answers. */
  readonly client: Client | undefined;
  /** Present where the log itself is read. */
  readonly log?: EventLog;
  /** Throws `run.not-found`. */
  history(runId: string): Promise<RunHistory>;
  /** The run's commits in order, page by page: no more than a page is in memory. Throws `run.not-found`. */
  commits(runId: string): AsyncIterable<readonly Commit[]>;
  /** The bytes of a blob. Throws what reading it throws. */
  blob(reference: BlobReference): Promise<Uint8Array>;
  /** Documents of a projection. */
  query(name: string, query: QueryInput): Promise<QueryReply>;
  close(): Promise<void>;
}

/** Opens a reader, does the work with it, and closes it. Throws what opening and the work throw. */
export async function withReader<Result>(
  context: CommandContext,
  work: (reader: Reader, session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(context);
  const reader = await openReader(session);
  try {
    return await work(reader, session);
  } finally {
    await reader.close();
  }
}

/**
 * Opens a reader. Throws `log.locked` when a process without an address goes on holding the log, and `log.not-found` where the
 * data directory that was named has none.
 */
async function openReader(session: Session): Promise<Reader> {
  return onceUnlocked(async () => {
    const found = await findOrchestrator(session);
    return found === undefined ? localReader(session) : remoteReader(found);
  });
}

function remoteReader(found: { client: Client; url: string; close(): Promise<void> }): Reader {
  const { client, url } = found;
  return {
    where: url,
    client,
    history: (runId) => copyRun(client, runId),
    commits: (runId) => remoteCommits(client, runId),
    blob: (reference) => client.getBlob(reference),
    query: (name, query) => client.query(name, query),
    close: found.close,
  };
}

async function localReader(session: Session): Promise<Reader> {
  const { dataDir, store } = session.settings;
  const { hasLog, openLog, requireLog } = await import('./open-log.ts');
  // a folder that nobody named may not have been used yet: then there is simply nothing in it
  if (session.provenance.dataDir !== 'default') requireLog(session.settings);
  const isThere = store === 'level' && hasLog(dataDir);
  const log = await openLog(isThere ? session.settings : { ...session.settings, store: 'memory' });
  return {
    where: isThere || store === 'memory' ? dataDir : `${dataDir}: it has no log yet`,
    client: undefined,
    log,
    history: async (runId) => {
      if (!runId.startsWith('run_') || log.streamHead(runId) === undefined)
        throw new RunNotFoundError(runId, dataDir, await archiveIn(session, runId));
      const envelopes = await envelopesIn(log, runId);
      return { log, envelopes, origins: await originsIn(log, envelopes) };
    },
    commits: (runId) => log.readStream(runId),
    blob: (reference) => log.blobs.get(reference),
    query: (name, query) => queryLog(log, name, query),
    close: () => log.close(),
  };
}

async function archiveIn({ settings }: Session, runId: string): Promise<string | undefined> {
  const [{ archiveOf }, { archiveDirectoryOf }] = await Promise.all([
    import('../log/archive-file.ts'),
    import('./open-log.ts'),
  ]);
  return archiveOf(archiveDirectoryOf(settings), runId);
}

async function queryLog(log: EventLog, name: string, query: QueryInput): Promise<QueryReply> {
  const [{ Projector }, { queryProjection }, { querySchema }, { blastRadius }] = await Promise.all([
    import('../actors/services/projector.ts'),
    import('../actors/services/projection-query.ts'),
    import('../messages/request.ts'),
    import('../actors/services/blast-radius.ts'),
  ]);
  const projector = new Projector({ log });
  await projector.open();
  try {
    projector.start();
    await projector.catchUp(undefined, log.durablePosition);
    if (name === BLAST_RADIUS) {
      const document = await blastRadius(log, query.key ?? '');
      const documents = [{ key: document.runId, document: document as unknown as JsonValue }];
      return { documents, position: log.durablePosition };
    }
    return await queryProjection({ log, projector, name, query: querySchema.parse(query) });
  } finally {
    await projector.close();
  }
}

async function* remoteCommits(client: Client, runId: string): AsyncGenerator<Commit[]> {
  const { commitsOf } = await import('./history-commits.ts');
  for await (const events of historyPages(client, runId)) yield commitsOf(events);
}

/** The run's history in a memory log, with the blobs it names, so that it folds as the original does. */
async function copyRun(client: Client, runId: string): Promise<RunHistory> {
  const [{ createMemoryLog }, { commitsOf }] = await Promise.all([
    import('../log/memory-log.ts'),
    import('./history-commits.ts'),
  ]);
  const log = createMemoryLog();
  const copy = async (stream: string, upTo: number): Promise<Envelope[]> => {
    const envelopes: Envelope[] = [];
    for await (const page of historyPages(client, stream)) {
      const events = page.filter(({ streamVersion }) => streamVersion <= upTo);
      envelopes.push(...events);
      for (const commit of commitsOf(events)) {
        for (const reference of blobReferencesIn(commit.events.map(({ data }) => data))) {
          await copyBlob(client, log, reference);
        }
        log.append(appendOf(commit));
      }
      await log.flush();
      if (events.length < page.length) break;
    }
    return envelopes;
  };
  const envelopes = await copy(runId, Infinity);
  if (log.streamHead(runId) === undefined) throw new RunNotFoundError(runId, 'the orchestrator');
  return { log, envelopes, origins: await readOrigins(envelopes, copy) };
}

/** The common events of a fork, run by run; `read` gives the first ones of a run. */
async function readOrigins(
  envelopes: readonly Envelope[],
  read: (stream: string, upTo: number) => Promise<Envelope[]>,
): Promise<Envelope[]> {
  const runs: Envelope[][] = [];
  for (let first = envelopes[0]; first?.type === 'run.forked'; first = runs.at(-1)?.[0]) {
    const { from, at } = first.data as { from: string; at: number };
    runs.push(await read(from, at));
  }
  return runs.reverse().flat();
}

/** What is not there (any more) is left out; the fold says so. */
function originsIn(log: EventLog, envelopes: readonly Envelope[]): Promise<Envelope[]> {
  return readOrigins(envelopes, async (stream, upTo) =>
    (await envelopesIn(log, stream)).filter(({ streamVersion }) => streamVersion <= upTo),
  );
}

/** A blob that is gone or damaged is left out: what does not need it can be looked at all the same. */
async function copyBlob(client: Client, log: EventLog, reference: BlobReference): Promise<void> {
  try {
    await log.blobs.put(await client.getBlob(reference), reference.type);
  } catch (error) {
    if (!(error instanceof TroupeError && error.code.startsWith('blob.'))) throw error;
  }
}

/** The events of a run, a page at a time. Rejects as `client.history` does. */
export async function* historyPages(client: Client, runId: string): AsyncGenerator<JsonEnvelope[]> {
  let from: number | undefined = 1;
  while (from !== undefined) {
    const page: { events: JsonEnvelope[]; next?: number } = await client.history(runId, {
      from,
      limit: HISTORY_PAGE,
    });
    yield page.events;
    from = page.next;
  }
}

function appendOf(commit: Commit): AppendRequest {
  const { position: _position, firstVersion, ...rest } = commit;
  return { ...rest, expectedVersion: firstVersion - 1 };
}

async function envelopesIn(log: EventLog, runId: string): Promise<Envelope[]> {
  const { envelopesOf } = await import('../events/envelope.ts');
  const envelopes: Envelope[] = [];
  for await (const commits of log.readStream(runId)) {
    for (const commit of commits) envelopes.push(...envelopesOf(commit));
  }
  return envelopes;
}
