/**
 * `troupe/agents`: write agents and run them in a worker of your own process.
 *
 *     const bus = await connectBus({ url: 'nats://127.0.0.1:4222', name: 'my-worker' });
 *     const worker = await startWorker({ bus, subjects: createSubjects(), agents: [myAgent, ...builtinAgents()] });
 *
 * `functionAgent` makes an agent of a function, `shellAgent` of a command. What is exported here is promised.
 */
export type {
  ExecutionRequest,
  Heartbeat,
  ProbeReply,
  ResultMessage,
} from '../messages/execution.ts';
export type { Failure } from '../messages/failure.ts';
export type { Bus } from '../messaging/bus.ts';
export { type ConnectOptions, connectBus } from '../messaging/nats-bus.ts';
export { createSubjects, type Subjects } from '../messaging/subjects.ts';
export { TroupeError } from '../workflow/errors.ts';
export type { BlobReference, JsonObject, JsonValue } from '../workflow/value.ts';
export {
  type FunctionAgentDefinition,
  type FunctionContext,
  functionAgent,
  functionAgent as defineAgent,
} from './adapters/function-agent.ts';
export { type ShellAgentDefinition, shellAgent } from './adapters/shell-agent.ts';
export type {
  Agent,
  AgentContext,
  AgentLogger,
  AgentOutcome,
  AgentTask,
  ProgressUpdate,
} from './agent.ts';
export { builtinAgents } from './builtin/index.ts';
export { AgentFailure } from './errors.ts';
export { startWorker, type Worker, type WorkerOptions } from './worker.ts';
