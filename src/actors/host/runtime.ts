/**
 * What a run's host needs of its surroundings. The orchestrator implements it; the simulation does too.
 */
import type { ActorRef } from '../../events/envelope.ts';
import type { EventLog } from '../../log/event-log.ts';
import type { RunHeader } from '../../machines/run/aggregate.ts';
import type { Rejection, RunMessage } from '../../machines/run/decision.ts';
import type { Effect } from '../../machines/run/effects.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import type { SecretSources } from '../../workflow/secrets.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import type { Admission } from '../services/admission.ts';
import type { Clock } from '../services/clock.ts';
import type { IdSource } from '../services/ids.ts';
import type { LiveRuns } from '../services/live-runs.ts';
import type { Secrets } from '../services/secrets.ts';
import type { ReleaseQueue } from './release-queue.ts';

/** Structured logging, small enough to pass everywhere. `fields` has runId, taskId, correlationId where they apply. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** How a message ended, told once everything before it is durable. */
export type Outcome =
  | {
      kind: 'done';
      status: string;
      streamVersion: number;
      position: number;
      changed: boolean;
      /** It was taken before; this is how things stand now. */
      isRepeated?: true;
      /** What the decision says beyond that. */
      reply?: JsonObject;
    }
  | { kind: 'rejected'; rejection: Rejection };

/** A message on its way to an actor. */
export interface Delivery {
  message: RunMessage;
  /** The id of the message or event that causes what follows. */
  causationId: string;
  actor: ActorRef;
  trace?: string;
  /** Of a message that changes state once however often it is sent: no commit may have had it before. */
  uniqueKey?: string;
  /** Called at most once, and not at all when the outcome is unknown: then the sender asks again. */
  reply?(outcome: Outcome): void;
}

/** What an effect needs beyond itself. */
export interface EffectContext {
  runId: string;
  workflow: string;
  correlationId: string;
  trace: string | undefined;
  /** Parameters of an attempt that has just started; undefined after a restart: then they are read from `startedVersion`. */
  parameters: JsonValue | undefined;
  startedVersion: number;
  /** Where the secrets are that its parameters name. */
  secrets: SecretSources | undefined;
  /** Attempts that were lost in a row before this one. */
  losses: number;
  /** Its crashes are counted (`settings.quarantine`). */
  isCounted: boolean;
  definitionTaskId: string;
  description: string | undefined;
  deadline: number | undefined;
  reason: string | undefined;
  /** Of a child run: what it takes over from the run that waits for it. */
  origin: { header: RunHeader; definition: WorkflowDefinition } | undefined;
}

export interface EffectRunner {
  /** Both are called in commit order, once what they follow from is durable. */
  start(key: string, effect: Effect, context: EffectContext): void;
  /** `isEnded`: the attempt ended by its own result, or was lost, so nobody is told (yet). */
  stop(key: string, effect: Effect, context: { runId: string; isEnded: boolean }): void;
  /** Takes back what is not done yet and tells nobody: a quarantine begins. */
  withdraw(key: string, effect: Effect, context: { runId: string }): void;
}

export interface HostRuntime {
  /** The file with a run that left the log, where it is known. */
  archiveOf?(runId: string): string | undefined;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly releases: ReleaseQueue;
  readonly admission: Admission;
  readonly liveRuns: LiveRuns;
  /** Runs that are about to leave the log (`archiver.ts` marks them): nothing may begin in them or from them. */
  readonly leaving: ReadonlySet<string>;
  readonly effects: EffectRunner;
  readonly secrets: Pick<Secrets, 'redacted' | 'isIn'>;
  /** What an agent needed to recover from failures before, in milliseconds on average; undefined where that is not known. */
  readonly recoveries: { of(agent: string): number | undefined };
  /** Events between two snapshots of a stream, at least. */
  readonly snapshotEvery: number;
  /** The host has nothing to do any more and leaves memory. */
  release(host: { readonly stream: string }): void;
  /** The host's memory cannot be trusted any more: it is thrown away and the run loaded again. */
  reload(host: { readonly stream: string }): void;
}
