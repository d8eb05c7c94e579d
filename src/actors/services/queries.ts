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
import { queryProjection } from './projection-query.ts';
import type { Projector } from './projector.ts';

/** Not a projection: the report is made of the run's own fold. */
const RUN_REPORT = 'run_report';
/** Larger replies are offloaded; a message carries at most 1 MiB. */
const MAX_REPLY_BYTES = 500 * 1024;

export class Queries {
  readonly #log: EventLog;
  readonly #projector: Projector;
  readonly #report: (runId: string) => Promise<RunReport>;

  constructor(options: {
    log: EventLog;
    projector: Projector;
    report(runId: string): Promise<RunReport>;
  }) {
    this.#log = options.log;
    this.#projector = options.projector;
    this.#report = options.report;
  }

  /** Answers one query; rejects with typed errors, which the caller sends back. */
  async answer(name: string, message: BusMessage): Promise<void> {
    const parsed = querySchema.safeParse(message.body() ?? {});
    if (!parsed.success) throw new InvalidMessage('the query', parsed.error);
    const reply =
      name === RUN_REPORT
        ? await this.#runReport(parsed.data)
        : await this.#project(name, parsed.data);
    message.respond(await this.#fit(reply));
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

  /** Documents that are larger than their share of a message become blobs. */
  async #fit(reply: QueryReply): Promise<JsonObject> {
    if (JSON.stringify(reply).length <= MAX_REPLY_BYTES) return reply as unknown as JsonObject;
    const documents: QueryReply['documents'] = [];
    for (const { key, document } of reply.documents) {
      const text = JSON.stringify(document);
      const isLarge = text.length > MAX_REPLY_BYTES / Math.max(1, reply.documents.length);
      documents.push({ key, document: isLarge ? await this.#store(text) : document });
    }
    return { ...reply, documents } as unknown as JsonObject;
  }

  async #store(text: string): Promise<JsonValue> {
    const bytes = new TextEncoder().encode(text);
    return (await this.#log.blobs.put(bytes, VALUE_BLOB_TYPE)) as unknown as JsonValue;
  }
}
