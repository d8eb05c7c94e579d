/**
 * The door for queries: projections by name, and the report of a run. A reply that is too large for one message
 * carries its document as a blob.
 */
import type { EventLog } from '../../log/event-log.ts';
import type { RunReport } from '../../messages/report.ts';
import { type QueryMessage, type QueryReply, querySchema } from '../../messages/request.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import { type JsonObject, type JsonValue, VALUE_BLOB_TYPE } from '../../workflow/value.ts';
import { InvalidMessage } from '../host/errors.ts';
import { BLAST_PROJECTIONS, blastRadius } from './blast-radius.ts';
import { queryProjection } from './projection-query.ts';
import type { Projector } from './projector.ts';

/** Not a projection: the report is made of the run's own fold. */
const RUN_REPORT = 'run_report';
/** Not a projection either: what waits is the memory of this process. */
const QUEUE = 'queue';
/** Not a projection: put together from several, and from the run's own fold. */
const BLAST_RADIUS = 'blast_radius';
/** How long it waits for what was accepted before it was asked for. */
const AFTER_TIMEOUT_MS = 5_000;
/** Larger replies are offloaded; a message carries at most 1 MiB. */
const MAX_REPLY_BYTES = 500 * 1024;

export class Queries {
  readonly #log: EventLog;
  readonly #projector: Projector;
  readonly #report: (runId: string) => Promise<RunReport>;
  readonly #queue: () => QueryReply;
  readonly #archiveOf: (runId: string) => string | undefined;

  constructor(options: {
    log: EventLog;
    projector: Projector;
    report(runId: string): Promise<RunReport>;
    queue(): QueryReply;
    archiveOf(runId: string): string | undefined;
  }) {
    this.#archiveOf = options.archiveOf;
    this.#queue = options.queue;
    this.#log = options.log;
    this.#projector = options.projector;
    this.#report = options.report;
  }

  /** Answers one query; rejects with typed errors, which the caller sends back. */
  async answer(name: string, message: BusMessage): Promise<void> {
    const parsed = querySchema.safeParse(message.body() ?? {});
    if (!parsed.success) throw new InvalidMessage('the query', parsed.error);
    message.respond(await this.#fit(await this.#reply(name, parsed.data)));
  }

  async #reply(name: string, query: QueryMessage): Promise<QueryReply> {
    if (name === RUN_REPORT) return this.#runReport(query);
    if (name === BLAST_RADIUS) return this.#blastRadius(query);
    return name === QUEUE ? this.#queue() : this.#project(name, query);
  }

  #project(name: string, query: QueryMessage): Promise<QueryReply> {
    return queryProjection({ log: this.#log, projector: this.#projector, name, query });
  }

  async #runReport(query: QueryMessage): Promise<QueryReply> {
    const key = query.key ?? '';
    const report = await this.#report(key);
    return {
      documents: [{ key, document: report as unknown as JsonValue }],
      position: this.#log.durablePosition,
    };
  }

  /** Everything that was accepted when it was asked for is in it. */
  async #blastRadius({ key = '' }: QueryMessage): Promise<QueryReply> {
    await this.#log.flush();
    const position = this.#log.durablePosition;
    for (const name of BLAST_PROJECTIONS)
      await this.#projector.waitFor(name, position, AFTER_TIMEOUT_MS);
    const document = await blastRadius(this.#log, key, this.#archiveOf(key));
    return { documents: [{ key, document: document as unknown as JsonValue }], position };
  }

  /** The largest documents become blobs, as few as it takes. */
  async #fit(reply: QueryReply): Promise<JsonObject> {
    let left = JSON.stringify(reply).length - MAX_REPLY_BYTES;
    if (left <= 0) return reply as unknown as JsonObject;
    const documents = [...reply.documents];
    const texts = documents.map(({ document }) => JSON.stringify(document));
    const bySize = [...texts.keys()].sort((a, b) => lengthAt(texts, b) - lengthAt(texts, a));
    for (const index of bySize) {
      if (left <= 0) break;
      const text = texts[index] as string;
      const stored = await this.#store(text);
      documents[index] = { ...(documents[index] as (typeof documents)[number]), document: stored };
      left -= text.length - JSON.stringify(stored).length;
    }
    return { ...reply, documents } as unknown as JsonObject;
  }

  async #store(text: string): Promise<JsonValue> {
    const bytes = new TextEncoder().encode(text);
    return (await this.#log.blobs.put(bytes, VALUE_BLOB_TYPE)) as unknown as JsonValue;
  }
}

function lengthAt(texts: readonly string[], index: number): number {
  return texts[index]?.length ?? 0;
}
