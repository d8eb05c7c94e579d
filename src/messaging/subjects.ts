/**
 * Every subject of the system, built and parsed back. No other file concatenates subjects.
 * Tokens are validated on building (`subject.invalid-token`); activation ids such as `task@2~0~3!undo` are legal tokens.
 */
import { InvalidTokenError } from './errors.ts';

/** Queue groups that are part of the contract. */
export const queueNames = { orchestrators: 'orchestrators', agents: 'agents' } as const;

const MAX_TOKEN_LENGTH = 255;
/** Printable ASCII without `*`, `.`, `>`. */
const TOKEN = /^[!-)+\-/-=?-~]+$/;
const VERSION = 'v1';
const DEFAULT_PREFIX = 'troupe';

export type RunSubjectKind = 'command' | 'events' | 'history' | 'stream';
export type TaskSubjectKind = 'result' | 'progress';
export type AgentSubjectKind = 'invoke' | 'probe' | 'cancel' | 'heartbeat';

const RUN_KINDS: ReadonlySet<string> = new Set<RunSubjectKind>([
  'command',
  'events',
  'history',
  'stream',
]);
const TASK_KINDS: ReadonlySet<string> = new Set<TaskSubjectKind>(['result', 'progress']);
const AGENT_KINDS: ReadonlySet<string> = new Set<AgentSubjectKind>([
  'invoke',
  'probe',
  'cancel',
  'heartbeat',
]);

/** Returns the token; throws `subject.invalid-token` when NATS would read it as something else. `what` names it in the message. */
function checkToken(token: string, what = 'a token'): string {
  if (token.length > MAX_TOKEN_LENGTH || !TOKEN.test(token))
    throw new InvalidTokenError(what, token);
  return token;
}

/** Like `checkToken` for names that may have several tokens, such as the query `agents.select`. */
function checkDottedName(name: string, what = 'a name'): string {
  for (const token of name.split('.')) checkToken(token, what);
  return name;
}

/** Returns the queue name; throws `subject.invalid-token`. */
export function checkQueueName(queue: string): string {
  return checkToken(queue, 'a queue name');
}

export type Subjects = ReturnType<typeof createSubjects>;

/**
 * The subjects under one prefix (`TROUPE_PREFIX`; dots are allowed in it).
 * Builders throw `subject.invalid-token`; parsers return undefined for a subject of another shape.
 */
export function createSubjects(prefix: string = DEFAULT_PREFIX) {
  const root = `${checkDottedName(prefix, 'the prefix')}.${VERSION}`;
  return {
    prefix,
    /** `<prefix>.v1`. */
    root,
    ...doorSubjects(root),
    ...runSubjects(root),
    ...agentSubjects(root),
    ...serviceSubjects(root),
    ...wildcards(root),
    ...parsers(root),
    ...logParser(root),
  };
}

function doorSubjects(root: string) {
  return {
    request: () => `${root}.request`,
    intake: () => `${root}.intake`,
    intakeAnswer: (requestId: string) =>
      `${root}.intake.${checkToken(requestId, 'the request id')}.answer`,
    hello: () => `${root}.orchestrator.hello`,
    /** What is done to the log itself: `stats`, `collect`, `archive`. */
    log: (operation: string) => `${root}.log.${checkToken(operation, 'the operation')}`,
  };
}

function runSubjects(root: string) {
  const run = (runId: string, kind: RunSubjectKind): string =>
    `${root}.run.${checkToken(runId, 'the run id')}.${kind}`;
  const task = (runId: string, activation: string, kind: TaskSubjectKind): string =>
    `${root}.run.${checkToken(runId, 'the run id')}.task.${checkToken(activation, 'the activation')}.${kind}`;
  return {
    runCommand: (runId: string) => run(runId, 'command'),
    runEvents: (runId: string) => run(runId, 'events'),
    runHistory: (runId: string) => run(runId, 'history'),
    runStream: (runId: string) => run(runId, 'stream'),
    taskResult: (runId: string, activation: string) => task(runId, activation, 'result'),
    taskProgress: (runId: string, activation: string) => task(runId, activation, 'progress'),
  };
}

function agentSubjects(root: string) {
  const agent = (name: string, kind: AgentSubjectKind): string =>
    `${root}.agent.${checkToken(name, 'the agent name')}.${kind}`;
  return {
    agentInvoke: (name: string) => agent(name, 'invoke'),
    agentProbe: (name: string) => agent(name, 'probe'),
    agentCancel: (name: string) => agent(name, 'cancel'),
    agentHeartbeat: (name: string) => agent(name, 'heartbeat'),
    messageTo: (name: string) => `${root}.message.to.${checkToken(name, 'the agent name')}`,
    messageTopic: (topic: string) => `${root}.message.topic.${checkDottedName(topic, 'the topic')}`,
    messageAll: () => `${root}.message.all`,
    messageAsk: (name: string) => `${root}.message.ask.${checkToken(name, 'the agent name')}`,
  };
}

function serviceSubjects(root: string) {
  return {
    context: (scope: string) => `${root}.context.${checkToken(scope, 'the context scope')}`,
    job: () => `${root}.job`,
    schedule: () => `${root}.schedule`,
    blobPut: () => `${root}.blob.put`,
    blobGet: () => `${root}.blob.get`,
    /** Names may have a dot: `agents.select`. */
    query: (name: string) => `${root}.query.${checkDottedName(name, 'the query name')}`,
  };
}

/** Patterns for subscribing. */
function wildcards(root: string) {
  return {
    anyRunCommand: () => `${root}.run.*.command`,
    anyRunEvents: () => `${root}.run.*.events`,
    anyRunHistory: () => `${root}.run.*.history`,
    anyRunStream: () => `${root}.run.*.stream`,
    anyTaskResult: () => `${root}.run.*.task.*.result`,
    anyTaskProgress: () => `${root}.run.*.task.*.progress`,
    anyInvoke: () => `${root}.agent.*.invoke`,
    anyHeartbeat: () => `${root}.agent.*.heartbeat`,
    anyMessage: () => `${root}.message.>`,
    anyContext: () => `${root}.context.*`,
    anyQuery: () => `${root}.query.>`,
    anyLog: () => `${root}.log.*`,
    everything: () => `${root}.>`,
  };
}

function logParser(root: string) {
  const start = `${root}.log.`;
  return {
    /** `{operation}` of `log.<operation>`. */
    parseLog(subject: string): { operation: string } | undefined {
      const operation = subject.startsWith(start) ? subject.slice(start.length) : '';
      return operation === '' || operation.includes('.') ? undefined : { operation };
    },
  };
}

// Length: one parser for each shape of subject.
function parsers(root: string) {
  const start = `${root}.`;
  const tokensOf = (subject: string): string[] =>
    subject.startsWith(start) ? subject.slice(start.length).split('.') : [];
  return {
    /** `{runId, kind}` of `run.<runId>.command|events|history|stream`. */
    parseRun(subject: string): { runId: string; kind: RunSubjectKind } | undefined {
      const [area, runId, kind, more] = tokensOf(subject);
      if (
        area !== 'run' ||
        !runId ||
        kind === undefined ||
        more !== undefined ||
        !RUN_KINDS.has(kind)
      )
        return undefined;
      return { runId, kind: kind as RunSubjectKind };
    },
    /** `{runId, activation, kind}` of `run.<runId>.task.<activation>.result|progress`. */
    parseTask(
      subject: string,
    ): { runId: string; activation: string; kind: TaskSubjectKind } | undefined {
      const [area, runId, task, activation, kind, more] = tokensOf(subject);
      if (area !== 'run' || task !== 'task' || !runId || !activation || more !== undefined)
        return undefined;
      return kind !== undefined && TASK_KINDS.has(kind)
        ? { runId, activation, kind: kind as TaskSubjectKind }
        : undefined;
    },
    /** `{agent, kind}` of `agent.<agent>.invoke|probe|cancel|heartbeat`. */
    parseAgent(subject: string): { agent: string; kind: AgentSubjectKind } | undefined {
      const [area, agent, kind, more] = tokensOf(subject);
      if (
        area !== 'agent' ||
        !agent ||
        kind === undefined ||
        more !== undefined ||
        !AGENT_KINDS.has(kind)
      )
        return undefined;
      return { agent, kind: kind as AgentSubjectKind };
    },
    /** `{name}` of `query.<name>`; the name may have dots. */
    parseQuery(subject: string): { name: string } | undefined {
      const [area, ...name] = tokensOf(subject);
      return area === 'query' && name.length > 0 ? { name: name.join('.') } : undefined;
    },
    /** `{scope}` of `context.<scope>`. */
    parseContext(subject: string): { scope: string } | undefined {
      const [area, scope, more] = tokensOf(subject);
      return area === 'context' && scope && more === undefined ? { scope } : undefined;
    },
    /** `{kind, name}` of `message.to|ask|topic.<name>` and `message.all` (name empty). */
    parseMessage(
      subject: string,
    ): { kind: 'to' | 'ask' | 'topic' | 'all'; name: string } | undefined {
      const [area, kind, ...name] = tokensOf(subject);
      if (area !== 'message') return undefined;
      if (kind === 'all') return name.length === 0 ? { kind, name: '' } : undefined;
      if (kind === 'topic') return name.length > 0 ? { kind, name: name.join('.') } : undefined;
      return (kind === 'to' || kind === 'ask') && name.length === 1
        ? { kind, name: name[0] as string }
        : undefined;
    },
  };
}
