/**
 * The public package: write workflows and agents, run them, follow them.
 * What is exported here is promised; everything else may change.
 */

export {
  type FunctionAgentDefinition,
  type FunctionContext,
  functionAgent,
  functionAgent as defineAgent,
} from './agents/adapters/function-agent.ts';
export { type ShellAgentDefinition, shellAgent } from './agents/adapters/shell-agent.ts';
export type {
  Agent,
  AgentContext,
  AgentLogger,
  AgentOutcome,
  AgentTask,
  ProgressUpdate,
} from './agents/agent.ts';
export { builtinAgents } from './agents/builtin/index.ts';
export { AgentFailure } from './agents/errors.ts';
export { startWorker, type Worker, type WorkerOptions } from './agents/worker.ts';
export type { AskOptions } from './client/ask.ts';
export {
  Client,
  type CommandInput,
  connectClient,
  createClient,
  type QueryInput,
  type RequestInput,
  type RunWorkflowOptions,
} from './client/client.ts';
export type { RunError, RunOutcome } from './client/run-outcome.ts';
export type { Envelope, JsonEnvelope } from './events/envelope.ts';
export type {
  ExecutionRequest,
  Heartbeat,
  ProbeReply,
  ResultMessage,
} from './messages/execution.ts';
export type { Failure } from './messages/failure.ts';
export type {
  ReportedRunStatus,
  ReportedTaskStatus,
  RunReport,
  TaskReport,
} from './messages/report.ts';
export type {
  CommandReply,
  HelloReply,
  HistoryReply,
  QueryReply,
  RequestReply,
} from './messages/request.ts';
export { RemoteError } from './messaging/errors.ts';
export { type ConnectOptions, connectBus } from './messaging/nats-bus.ts';
export { createSubjects, type Subjects } from './messaging/subjects.ts';
export { defineWorkflow, type TypedTask, type TypedWorkflow } from './workflow/define.ts';
export type { WorkflowDefinition } from './workflow/definition.ts';
export { TroupeError } from './workflow/errors.ts';
export type { BlobReference, JsonObject, JsonValue } from './workflow/value.ts';
