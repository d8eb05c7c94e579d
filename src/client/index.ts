/**
 * `troupe/client`: ask an orchestrator over NATS. It brings no agent and no log into your process.
 *
 *     const client = await connectClient({ url: 'nats://127.0.0.1:4222' });
 *     const outcome = await client.runWorkflow({ workflow: await readFile('hello.yaml', 'utf8') });
 *
 * `connectClient` owns its connection, `createClient` uses one that you made with `connectBus`. Errors are
 * `TroupeError`s with a stable `code` and a `hint`; what an orchestrator refused is a `RemoteError`.
 * What is exported here is promised.
 */
export type { Envelope, JsonEnvelope } from '../events/envelope.ts';
export type {
  EnqueueReply,
  JobListReply,
  JobReply,
  JobState,
  JobSummary,
} from '../messages/job.ts';
export type {
  ReportedRunStatus,
  ReportedTaskStatus,
  RunReport,
  TaskReport,
} from '../messages/report.ts';
export type {
  CommandReply,
  HelloReply,
  HistoryReply,
  QueryReply,
  RequestReply,
} from '../messages/request.ts';
export type { ScheduleReply, ScheduleTiming } from '../messages/schedule.ts';
export type { Bus } from '../messaging/bus.ts';
export { RemoteError } from '../messaging/errors.ts';
export { type ConnectOptions, connectBus } from '../messaging/nats-bus.ts';
export { createSubjects, type Subjects } from '../messaging/subjects.ts';
export type { InboxAnswer, InboxItem } from '../projections/inbox.ts';
export { TroupeError } from '../workflow/errors.ts';
export type { BlobReference, JsonObject, JsonValue } from '../workflow/value.ts';
export type { AskOptions } from './ask.ts';
export {
  type Answer,
  Client,
  type CommandInput,
  connectClient,
  createClient,
  type QueryInput,
  type RequestInput,
  type RunWorkflowOptions,
  type ScheduleInput,
} from './client.ts';
export type { JobFilter, JobInput, Jobs } from './jobs.ts';
export type { RunError, RunOutcome } from './run-outcome.ts';
