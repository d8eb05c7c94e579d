/**
 * The door for schedules: set up, look at, pause, resume, withdraw. What a schedule starts is planned when it is set up,
 * so that its mistakes are told then.
 */
import { hash } from 'node:crypto';
import type { ScheduleEvent } from '../../events/schedule-events.ts';
import type { ScheduleDefinition, ScheduleInput } from '../../machines/schedule/decide.ts';
import { askedRequestId, noTimeLeft } from '../../machines/schedule/decide.ts';
import { readDueTimes, shownTimes } from '../../machines/schedule/due-times.ts';
import { ScheduleNotFound, ScheduleRunRefused } from '../../machines/schedule/errors.ts';
import type { Failure } from '../../messages/failure.ts';
import { OFFLOAD_BYTES, requestSchema } from '../../messages/request.ts';
import {
  type ScheduleMessage,
  type ScheduleReply,
  scheduleSchema,
} from '../../messages/schedule.ts';
import type { BusMessage } from '../../messaging/bus.ts';
import {
  canonicalJson,
  checkValue,
  type JsonObject,
  VALUE_BLOB_TYPE,
} from '../../workflow/value.ts';
import { InvalidMessage } from '../host/errors.ts';
import { requestKey } from '../host/new-run.ts';
import type { HostRuntime } from '../host/runtime.ts';
import { scheduleStream } from '../host/schedule-actor.ts';
import type { ScheduleAnswer, ScheduleTable } from '../host/schedule-table.ts';
import type { Planner } from './planner.ts';
import { refuse } from './refuse.ts';
import { checkStored, namesBlobs } from './stored-blobs.ts';

/** Times that an answer shows. */
const SHOWN_TIMES = 5;

type AddMessage = Extract<ScheduleMessage, { type: 'add' }>;

export class ScheduleDoor {
  readonly #runtime: Pick<HostRuntime, 'log' | 'clock' | 'logger' | 'ids'>;
  readonly #table: Pick<ScheduleTable, 'ask'>;
  readonly #planner: Pick<Planner, 'plan'>;

  constructor(options: {
    runtime: Pick<HostRuntime, 'log' | 'clock' | 'logger' | 'ids'>;
    table: Pick<ScheduleTable, 'ask'>;
    planner: Pick<Planner, 'plan'>;
  }) {
    this.#runtime = options.runtime;
    this.#table = options.table;
    this.#planner = options.planner;
  }

  /** Answers a message on the subject of schedules. */
  receive(message: BusMessage): void {
    this.#take(message).then(
      (reply) => message.respond(reply as unknown as JsonObject),
      (error: unknown) => refuse(message, error, this.#runtime.logger),
    );
  }

  async #take(message: BusMessage): Promise<ScheduleReply> {
    const parsed = scheduleSchema.safeParse(message.body());
    if (!parsed.success) throw new InvalidMessage('the message to a schedule', parsed.error);
    const asked = parsed.data;
    const { name } = asked;
    const id = asked.id ?? message.header('Nats-Msg-Id');
    const now = this.#runtime.clock.now();
    if (asked.type === 'run') return this.#runNow(asked, id, now);
    const input = asked.type === 'add' ? await this.#planned(asked, now) : inputOf(asked);
    if (asked.type === 'add' && asked.dryRun && input?.type === 'add')
      return this.#dryRun(name, input, now);
    const answer = await this.#table.ask(name, input, {
      causationId: id ?? `${asked.type}/${now}`,
      actor: { kind: 'client' },
      uniqueKey: id === undefined ? undefined : `command:${scheduleStream(name)}/${id}`,
    });
    return this.#reply(name, answer, id !== undefined || asked.type === 'get');
  }

  /** Answers once the run is there, the same for the same id; throws `schedule.run-refused`. */
  async #runNow(
    { name, by }: Extract<ScheduleMessage, { type: 'run' }>,
    id: string | undefined,
    now: number,
  ): Promise<ScheduleReply> {
    const { log, ids } = this.#runtime;
    const key = id ?? `${now}/${ids.runId(now)}`;
    const input = { type: 'run', by, key, isRunning: false, runId: ids.runId(now) } as const;
    const from = { causationId: key, actor: { kind: 'client', id: by } as const };
    const uniqueKey = `command:${scheduleStream(name)}/${key}`;
    const asked = await this.#table.ask(name, input, { ...from, uniqueKey });
    const answer = await this.#table.ask(name, { type: 'settle' }, from);
    const { generation } = asked.context;
    const runId = log.uniqueOwner(requestKey(askedRequestId(name, generation, key)));
    if (runId === undefined)
      throw new ScheduleRunRefused(name, await this.#whyRefused(name, asked));
    return { ...this.#reply(name, answer, id !== undefined), runId };
  }

  /** What the schedule says of the run that it owed then; a message that is sent again finds it in its document. */
  async #whyRefused(
    name: string,
    { streamVersion, context: { dueAt } }: ScheduleAnswer,
  ): Promise<Failure | undefined> {
    const range = { fromVersion: streamVersion };
    for await (const commits of this.#runtime.log.readStream(scheduleStream(name), range)) {
      for (const event of commits.flatMap(({ events }) => events) as ScheduleEvent[])
        if (event.type === 'schedule.startFailed' && event.data.dueAt === dueAt)
          return event.data.error;
    }
    return undefined;
  }

  /** Throws what is wrong with the times, the request or its workflow. */
  async #planned(asked: AddMessage, now: number): Promise<ScheduleInput & { type: 'add' }> {
    const { log } = this.#runtime;
    const { name, schedule: timing, replace } = asked;
    readDueTimes(name, timing, now);
    const request = requestSchema.safeParse(asked.request);
    if (!request.success) throw new InvalidMessage('the request of the schedule', request.error);
    checkValue(asked.request.input ?? null);
    const planned = this.#planner.plan(request.data);
    if (namesBlobs(planned.inputs)) await checkStored(log.blobs, planned.inputs);
    if (planned.namesBlobs)
      await checkStored(log.blobs, planned.definition as unknown as JsonObject);
    const body = asked.request as JsonObject;
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const isLarge = bytes.length > OFFLOAD_BYTES;
    const stored = isLarge && !asked.dryRun ? await log.blobs.put(bytes, VALUE_BLOB_TYPE) : body;
    const digest = hash('sha256', canonicalJson({ timing: timing as JsonObject, request: body }));
    const workflow = planned.definition.name;
    return { type: 'add', replace, timing, request: stored, workflow, hash: digest };
  }

  #dryRun(name: string, input: ScheduleInput & { type: 'add' }, now: number): ScheduleReply {
    const next = shownTimes(readDueTimes(name, input.timing, now), now, SHOWN_TIMES);
    if (next.length === 0) throw noTimeLeft(input.timing);
    return {
      ...{ name, status: 'active', workflow: input.workflow, schedule: input.timing, next },
      ...{ streamVersion: 0, position: this.#runtime.log.durablePosition },
      ...{ idempotent: true, dryRun: true },
    };
  }

  #reply(name: string, answer: ScheduleAnswer, idempotent: boolean): ScheduleReply {
    const { status, context, definition, streamVersion, position } = answer;
    if (status === undefined || definition === undefined) throw new ScheduleNotFound(name);
    return {
      ...{ name, status, workflow: definition.workflow, schedule: definition.timing },
      next: nextTimesOf(name, definition, context),
      ...(context.lastRunId === null ? {} : { lastRunId: context.lastRunId }),
      ...{ streamVersion, idempotent },
      position: position === 0 ? this.#runtime.log.durablePosition : position,
    };
  }
}

function inputOf(
  asked: Exclude<ScheduleMessage, AddMessage | { type: 'run' }>,
): ScheduleInput | undefined {
  if (asked.type === 'get') return undefined;
  return asked.type === 'pause' ? { type: 'pause', reason: asked.reason } : { type: asked.type };
}

function nextTimesOf(
  name: string,
  { timing }: ScheduleDefinition,
  { anchorAt, nextDueAt }: ScheduleAnswer['context'],
): string[] {
  if (nextDueAt === null) return [];
  return shownTimes(readDueTimes(name, timing, anchorAt), nextDueAt - 1, SHOWN_TIMES);
}
