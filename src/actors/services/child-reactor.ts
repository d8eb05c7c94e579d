/**
 * Tells runs what happened in others (architecture.md, law 8): a parent that its child has ended, a child that its parent
 * does not want it any more, the jobs of a run that it is canceled.
 *
 * Y1 At least once: the durable cursor passes an event only after the receiver took it, durably. The id of a message is
 *    `<stream>/<streamVersion>`; receivers drop what they have taken.
 * Y2 What cannot be told is given up after `MAX_TRIES`, and at once to a run in quarantine. A parent asks for itself when
 *    it is loaded again; a child in quarantine is left to whoever releases it.
 * Y3 At most `MAX_UNTOLD` messages are on their way; several at a time, so that one that is stuck holds up no others.
 */
import type { RunEvent } from '../../events/catalogue.ts';
import type { Commit } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { RunMessage } from '../../machines/run/decision.ts';
import { isRunStream } from '../../projections/projection.ts';
import type { RunTable } from '../host/run-table.ts';
import type { Logger, Outcome } from '../host/runtime.ts';
import { endOfEvent } from './child-ends.ts';
import type { CancelTimer, Clock } from './clock.ts';
import { liveJobsOf } from './job-list.ts';
import type { Projector } from './projector.ts';

/** The cursor's name in the document store. */
export const CHILD_CURSOR = 'child-runs';
const CURSOR_HASH = 'child-runs:1';
const SAVE_MS = 1_000;
const MAX_UNTOLD = 500;
const MAX_TRIES = 100;
const RETRY_MS = 500;
/** A message whose receiver left memory is not answered: it is sent again after this. */
const ANSWER_MS = 5_000;
/** How soon a log that cannot be followed is tried again. */
const REOPEN_MS = 500;

interface Message {
  to: string;
  message: RunMessage;
  /** `<stream>/<streamVersion>` of the event. */
  id: string;
}

export interface ChildReactorOptions {
  log: EventLog;
  table: Pick<RunTable, 'post' | 'find'>;
  clock: Clock;
  logger: Logger;
  /** Knows the jobs of a run. */
  projector: Pick<Projector, 'waitFor'>;
}

export class ChildReactor {
  readonly #log: EventLog;
  readonly #table: ChildReactorOptions['table'];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #projector: ChildReactorOptions['projector'];
  readonly #stop = new AbortController();
  /** Positions of messages that are not told yet, oldest first. */
  readonly #untold = new Map<symbol, number>();
  #read = 0;
  #cursor = 0;
  #cancelSave: CancelTimer | undefined;
  #room: (() => void) | undefined;

  constructor(options: ChildReactorOptions) {
    this.#log = options.log;
    this.#table = options.table;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#projector = options.projector;
  }

  /** Follows the log from the saved cursor on, until `close`. */
  async start(): Promise<void> {
    const checkpoint = await this.#log.documents.checkpoint(CHILD_CURSOR);
    // A cursor beyond the log's end is one of another history: the log was restored from a copy.
    const isOurs = checkpoint !== undefined && checkpoint.position <= this.#log.durablePosition;
    this.#cursor = isOurs ? checkpoint.position : 0;
    this.#read = this.#cursor;
    void this.#follow();
  }

  /** Stops telling and saves the cursor. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelSave?.();
    this.#room?.();
    await this.#save();
  }

  /** Never rejects: a log that fails is followed again from where it was. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const commits of this.#log.follow({ after: this.#read, signal })) {
          for (const commit of commits) {
            if (signal.aborted) return;
            this.#take(commit);
            if (this.#untold.size >= MAX_UNTOLD) await this.#roomAgain();
          }
          this.#planSave();
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.warn('child runs cannot be followed yet', { error: String(error) });
      }
      await new Promise<void>((resolve) => {
        this.#room = resolve;
        this.#clock.after(REOPEN_MS, resolve);
      });
    }
  }

  #take(commit: Commit): void {
    this.#read = commit.position;
    if (!isRunStream(commit.stream)) return;
    for (const [index, recorded] of commit.events.entries()) {
      const event = recorded as RunEvent;
      const id = `${commit.stream}/${commit.firstVersion + index}`;
      if (cancelsJobs.has(event.type)) {
        const done = this.#begin(commit.position);
        this.#cancelJobs({ runId: commit.stream, position: commit.position, id }, 1, done);
      }
      const told = messageOf(commit.stream, event);
      if (told !== undefined) this.#tell({ ...told, id }, 1, this.#begin(commit.position));
    }
  }

  /** Something is to be told; the cursor waits until what is returned was called. */
  #begin(position: number): () => void {
    const entry = Symbol('untold');
    this.#untold.set(entry, position);
    return () => {
      this.#untold.delete(entry);
      this.#room?.();
      this.#planSave();
    };
  }

  /** Every job is told, one after the other; what stops that on the way is tried again from the beginning. */
  #cancelJobs(
    canceled: { runId: string; position: number; id: string },
    tries: number,
    done: () => void,
  ): void {
    const { runId, position, id } = canceled;
    const command = { type: 'cancel', reason: `the run ${runId} was canceled` } as const;
    const tellAll = async (): Promise<void> => {
      for await (const to of liveJobsOf(this.#log, this.#projector, { runId, position }))
        await new Promise<void>((told) =>
          this.#tell({ to, message: { type: 'command', command }, id }, 1, told),
        );
    };
    tellAll().then(done, (error: unknown) => {
      if (this.#stop.signal.aborted) return;
      const isLast = tries >= MAX_TRIES;
      this.#logger.warn('the jobs of a run could not be canceled', {
        ...{ runId, error: String(error), isLast },
      });
      if (isLast) done();
      else this.#clock.after(RETRY_MS, () => this.#cancelJobs(canceled, tries + 1, done));
    });
  }

  #roomAgain(): Promise<void> {
    return new Promise((resolve) => {
      this.#room = () => {
        if (this.#untold.size < MAX_UNTOLD || this.#stop.signal.aborted) resolve();
      };
    });
  }

  #tell(message: Message, tries: number, done: () => void): void {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    // There never was one, and there never will be: its parent left before it began.
    if (this.#log.streamHead(message.to) === undefined) {
      done();
      return;
    }
    let isOver = false;
    const once = (next: () => void) => (): void => {
      if (isOver || signal.aborted) return;
      isOver = true;
      cancelPatience();
      next();
    };
    const again = (): void => this.#again(message, tries, done);
    const cancelPatience = this.#clock.after(ANSWER_MS, once(again));
    const isCommand = message.message.type === 'command';
    this.#table.post(message.to, {
      message: message.message,
      causationId: message.id,
      actor: { kind: 'system' },
      ...(isCommand ? { uniqueKey: `command:${message.to}/${message.id}` } : {}),
      reply: (outcome) => once(this.#isTaken(message, outcome) ? done : again)(),
    });
  }

  #isTaken({ to }: Message, outcome: Outcome): boolean {
    if (outcome.kind === 'done' || outcome.rejection.status < 500) return true;
    return this.#table.find(to)?.quarantine !== undefined;
  }

  #again(message: Message, tries: number, done: () => void): void {
    if (tries >= MAX_TRIES) {
      this.#logger.error('a run could not be told about another one', {
        runId: message.to,
        causationId: message.id,
      });
      done();
      return;
    }
    this.#clock.after(RETRY_MS, () => this.#tell(message, tries + 1, done));
  }

  #planSave(): void {
    if (this.#stop.signal.aborted) return;
    this.#cancelSave ??= this.#clock.after(SAVE_MS, () => {
      this.#cancelSave = undefined;
      void this.#save();
    });
  }

  /** Never rejects: a cursor that could not be saved only means that more is told again. */
  async #save(): Promise<void> {
    const oldest = this.#untold.values().next();
    const position = oldest.done ? this.#read : oldest.value - 1;
    if (position <= this.#cursor) return;
    this.#cursor = position;
    const checkpoint = { position, hash: CURSOR_HASH };
    try {
      await this.#log.documents.write(CHILD_CURSOR, { puts: [], deletes: [], checkpoint });
    } catch (error) {
      this.#logger.warn('the cursor of child runs could not be saved', { error: String(error) });
    }
  }
}

/** A run is canceled: by one of these at the latest, and often by both. A job that has ended by then refuses the second. */
const cancelsJobs: ReadonlySet<RunEvent['type']> = new Set(['run.cancelRequested', 'run.canceled']);

/** Whom an event concerns in another stream, and what is said there. */
function messageOf(stream: string, event: RunEvent): Omit<Message, 'id'> | undefined {
  switch (event.type) {
    case 'run.succeeded':
    case 'run.failed':
    case 'run.canceled': {
      const { parent } = event.data;
      const end = endOfEvent(event);
      if (parent === undefined || end === undefined) return undefined;
      const { activation } = parent;
      return { to: parent.runId, message: { type: 'childEnded', activation, runId: stream, end } };
    }
    case 'task.cancelRequested':
    case 'task.cancelForced':
    case 'task.attemptFailed': {
      const { leaves } = event.data;
      if (leaves === undefined) return undefined;
      const reason = `"${event.data.taskId}" of ${stream} does not wait for it any more`;
      return {
        to: leaves.runId,
        message: { type: 'command', command: { type: leaves.how, reason } },
      };
    }
    default:
      return undefined;
  }
}
