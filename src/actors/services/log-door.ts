/**
 * The door for what is done to the log itself (`troupe.v1.log.<operation>`). An operation may take minutes: who asks
 * again meanwhile, with the same id, waits for the same one.
 *
 * L1 One operation at a time that changes something; a second one is told `log.busy`.
 * L2 The last answers are kept by id, so that a repetition is answered and not done again.
 */
import type { z } from 'zod';
import { collectBlobs } from '../../log/collect-blobs.ts';
import type { EventLog } from '../../log/event-log.ts';
import { measureUsage } from '../../log/usage.ts';
import {
  archiveSchema,
  collectSchema,
  isLogOperation,
  type LogOperation,
  statsSchema,
} from '../../messages/log-operations.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import type { JsonObject } from '../../workflow/value.ts';
import { ArchiveNowhere, InvalidMessage, LogBusy, LogOperationUnknown } from '../host/errors.ts';
import type { Logger } from '../host/runtime.ts';
import { Archiver, type LiveHosts } from './archiver.ts';
import type { Clock } from './clock.ts';
import type { Projector } from './projector.ts';
import { refuse } from './refuse.ts';

const MAX_KEPT = 64;

/** Commits that a collection in the background reads at once, and how long it then leaves the process to others. */
const SLOW_BATCHES = 4;
const SLOW_PAUSE_MS = 50;

export interface LogDoorOptions {
  log: EventLog;
  subjects: Subjects;
  logger: Logger;
  clock: Clock;
  projector: Projector;
  /** Where archives of runs go. */
  archiveDirectory: string | undefined;
  live: LiveHosts;
}

export class LogDoor {
  readonly #options: LogDoorOptions;
  readonly #answers = new Map<string, Promise<JsonObject>>();
  #changing: LogOperation | undefined;

  constructor(options: LogDoorOptions) {
    this.#options = options;
  }

  receive(message: BusMessage): void {
    const { subjects, logger } = this.#options;
    const operation = subjects.parseLog(message.subject)?.operation ?? '';
    this.#answer(operation, message).then(
      (reply) => message.respond(reply),
      (error: unknown) => refuse(message, error, logger),
    );
  }

  async #answer(operation: string, message: BusMessage): Promise<JsonObject> {
    if (!isLogOperation(operation)) throw new LogOperationUnknown(operation);
    const body = message.body() ?? {};
    const given = (body as { id?: unknown }).id ?? message.header('Nats-Msg-Id');
    const key = typeof given === 'string' ? `${operation}/${given}` : undefined;
    const known = key === undefined ? undefined : this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.perform(operation, body);
    if (key !== undefined) this.#keep(key, answer);
    return answer;
  }

  #keep(key: string, answer: Promise<JsonObject>): void {
    this.#answers.set(key, answer);
    // What was refused may be asked again.
    answer.catch(() => this.#answers.delete(key));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_KEPT && oldest !== undefined) this.#answers.delete(oldest);
  }

  /** Does it and resolves with its report. `isSlow`: at a low rate, for what nobody waits for. */
  async perform(operation: LogOperation, body: unknown, isSlow = false): Promise<JsonObject> {
    const { log } = this.#options;
    if (operation === 'stats') {
      parse(statsSchema, body);
      return (await measureUsage(log)) as unknown as JsonObject;
    }
    const pace = isSlow ? { pause: this.#pauses() } : {};
    if (operation === 'archive') return this.#archive(parse(archiveSchema, body), pace);
    const { olderThanMs, dryRun } = parse(collectSchema, body);
    return this.#alone(operation, async () => {
      const age = olderThanMs === undefined ? {} : { olderThanMs };
      return (await collectBlobs(log, { ...age, ...pace, dryRun })) as unknown as JsonObject;
    });
  }

  #archive(
    given: z.infer<typeof archiveSchema>,
    pace: { pause?: () => Promise<void> },
  ): Promise<JsonObject> {
    const { log, projector, clock, archiveDirectory } = this.#options;
    const { action, olderThanMs, beyond, dryRun } = given;
    if (action === 'archive' && archiveDirectory === undefined) throw new ArchiveNowhere();
    const archiver = new Archiver({
      ...{ log, projector, dryRun, directory: archiveDirectory },
      ...{
        now: () => clock.now(),
        live: this.#options.live,
        ...pace,
      },
      policy: {
        action,
        ...(olderThanMs === undefined ? {} : { olderThanMs }),
        ...(beyond === undefined ? {} : { beyond }),
      },
    });
    return this.#alone('archive', async () => (await archiver.run()) as unknown as JsonObject);
  }

  /** A pause after every few calls. */
  #pauses(): () => Promise<void> {
    let calls = 0;
    return async () => {
      calls += 1;
      if (calls % SLOW_BATCHES !== 0) return;
      await new Promise<void>((resolve) => {
        this.#options.clock.after(SLOW_PAUSE_MS, resolve);
      });
    };
  }

  /** L1. */
  async #alone(operation: LogOperation, work: () => Promise<JsonObject>): Promise<JsonObject> {
    if (this.#changing !== undefined) throw new LogBusy(this.#changing);
    this.#changing = operation;
    try {
      return await work();
    } finally {
      this.#changing = undefined;
    }
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new InvalidMessage('what is to be done to the log', parsed.error);
  return parsed.data;
}
