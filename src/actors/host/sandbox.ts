/**
 * The recorded answers of the run that a sandboxed fork comes from: an activation that would start with the parameters
 * that it had there takes its answer instead. What is recorded is found once, by an index of hashes; a value is read
 * when it is taken.
 *
 * B1 Answers are found by activation, and the last one counts. Another hash of the parameters is another question.
 * B2 What has no answer is passed once and then starts like any other; with `strict` it fails.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { Activation, RunAggregate } from '../../machines/run/aggregate.ts';
import type { RecordedAnswer } from '../../machines/run/recorded.ts';
import { isKeptValue, type JsonValue, VALUE_BLOB_TYPE } from '../../workflow/value.ts';
import { lineageOf } from './load.ts';

const RECORDED = 'recorded:';

interface Place {
  hash: string;
  stream: string;
  version: number;
}

/** What is known of an answer now. */
export type Found =
  | { kind: 'answer'; answer: RecordedAnswer }
  | { kind: 'none' }
  /** Ask again once it has resolved. */
  | { kind: 'later'; ready: Promise<void> };

export class Sandbox {
  readonly #log: EventLog;
  readonly #from: string;
  #places: ReadonlyMap<string, Place> | undefined;
  /** Activations with their attempt that have no answer. */
  readonly #passed = new Set<string>();
  /** The one that was read last. */
  #read: { id: string; answer: RecordedAnswer } | undefined;

  constructor(log: EventLog, from: string) {
    this.#log = log;
    this.#from = from;
  }

  /** The next activation that would start and was not looked at. */
  next(run: RunAggregate): Activation | undefined {
    for (const activation of run.startingChildren)
      if (!this.#hasPassed(activation)) return activation;
    for (const id of run.ready.activations()) {
      const activation = run.activations.get(id);
      if (activation !== undefined && !this.#hasPassed(activation)) return activation;
    }
    return undefined;
  }

  pass(activation: Activation): void {
    this.#passed.add(keyOf(activation));
  }

  #hasPassed(activation: Activation): boolean {
    return this.#passed.has(keyOf(activation));
  }

  /** The answer to these parameters. */
  find({ id }: Activation, parameters: JsonValue): Found {
    if (this.#places === undefined) return { kind: 'later', ready: this.#index() };
    const place = this.#places.get(id);
    if (place === undefined || place.hash !== this.#hashOf(parameters)) return { kind: 'none' };
    if (this.#read?.id === id) return { kind: 'answer', answer: this.#read.answer };
    return { kind: 'later', ready: this.#readAnswer(id, place) };
  }

  async #readAnswer(id: string, { hash, stream, version }: Place): Promise<void> {
    const range = { fromVersion: version, toVersion: version };
    for await (const commits of this.#log.readStream(stream, range)) {
      for (const { firstVersion, events } of commits) {
        const event = events[version - firstVersion] as RunEvent | undefined;
        if (event === undefined) continue;
        this.#read = { id, answer: answerIn(event, `${RECORDED}${hash}`) };
      }
    }
  }

  async #index(): Promise<void> {
    const places = new Map<string, Place>();
    const asked = new Map<string, string>();
    for (const { stream, at } of await lineageOf(this.#log, this.#from)) {
      for await (const commits of this.#log.readStream(stream, { toVersion: at })) {
        for (const { firstVersion, events } of commits) {
          for (const [index, event] of events.entries())
            this.#note(event as RunEvent, { stream, version: firstVersion + index, asked, places });
        }
      }
    }
    this.#places = places;
  }

  #note(
    event: RunEvent,
    at: {
      stream: string;
      version: number;
      /** By activation: the parameters of its last attempt. */
      asked: Map<string, string>;
      places: Map<string, Place>;
    },
  ): void {
    const { stream, version, asked, places } = at;
    switch (event.type) {
      case 'task.started':
        asked.set(event.data.taskId, this.#hashOf(event.data.parameters));
        break;
      case 'task.waiting':
        if (event.data.kind === 'run')
          asked.set(event.data.taskId, this.#hashOf(event.data.inputs ?? null));
        break;
      case 'task.reused': {
        const { taskId, cacheKey } = event.data;
        if (cacheKey.startsWith(RECORDED))
          places.set(taskId, { hash: cacheKey.slice(RECORDED.length), stream, version });
        break;
      }
      case 'task.succeeded':
      case 'task.failed': {
        const hash = asked.get(event.data.taskId);
        if (hash !== undefined) places.set(event.data.taskId, { hash, stream, version });
        break;
      }
      default:
        break;
    }
  }

  /** The same for a value and for the blob that it was put into. */
  #hashOf(value: JsonValue): string {
    if (isKeptValue(value)) return value.$blob;
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    return this.#log.blobs.reference(bytes, VALUE_BLOB_TYPE).$blob;
  }
}

function keyOf({ id, context }: Activation): string {
  return `${id}/${context.attempt}`;
}

function answerIn(event: RunEvent, cacheKey: string): RecordedAnswer {
  if (event.type === 'task.failed') return { kind: 'failed', error: event.data.error };
  const { output, agent } = event.data as { output: JsonValue; agent?: string };
  return { kind: 'output', output, cacheKey, ...(agent === undefined ? {} : { agent }) };
}
