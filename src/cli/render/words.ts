/** What an event says, in words. One sentence part a type; a type without one is shown with its data. Pure. */
import type { Envelope } from '../../events/envelope.ts';
import type { TaskReport } from '../../messages/report.ts';
import { isBlobReference, type JsonValue } from '../../workflow/value.ts';
import { brief, counted, duration } from './format.ts';
import { plainText } from './painted.ts';
import { waitText } from './wait-text.ts';

type Data = Readonly<Record<string, unknown>>;
type Words = (data: Data, at: number) => string;

const words: Readonly<Record<string, Words>> = {
  'run.created': (data) => `"${text(data['name'])}" created, inputs ${valueText(data['inputs'])}`,
  'run.forked': (data) => `forked from ${text(data['from'])} after its version ${text(data['at'])}`,
  'run.started': (data, at) => `run started${due(data, at, ', times out in')}`,
  'run.adapted': (data) => `adapted${adaptedText(data)}`,
  'run.paused': (data) =>
    `paused${data['hard'] === true ? ', what runs is interrupted' : ''}: ${text(data['reason'])}`,
  'run.checkpointed': (data) => `checkpoint ${text(data['label'])}`,
  'run.resumed': (data) => `resumed after ${duration(Number(data['pausedMs'] ?? 0))}`,
  'run.retried': (data, at) =>
    `tried again${onlyTasks(data['tasks'])}: ${text(data['reason'])}${due(data, at, ', times out in')}`,
  'run.cancelRequested': (data) =>
    `${data['terminate'] === true ? 'termination' : 'cancellation'} requested: ${text(data['reason'])}`,
  'run.signalReceived': signalWords,
  'run.stopping': (data) => `stopping: ${failureText(data['error'])}`,
  'run.succeeded': (data) => `run succeeded, output ${valueText(data['output'])}`,
  'run.failed': (data) => `run failed: ${failureText(data['error'])}`,
  'run.canceled': (data) => `run canceled: ${text(data['reason'])}`,
  'run.quarantined': (data) => `quarantined: ${failureText(data['error'])}`,
  'run.released': (data) => `released: ${text(data['reason'])}`,
  'run.compensationStarted': () => 'undoing what succeeded, last first',
  'run.finishing': (data) => `the closing hooks begin; the run will be ${text(data['outcome'])}`,
  'timer.fired': (data) => reminderWords(data),
  'task.scheduled': () => 'ready',
  'task.preparing': () => 'fetching what the decision needs',
  'task.started': (data) =>
    `given to ${text(data['agent'])} (${text(data['rule'])}), parameters ${valueText(data['parameters'])}`,
  'task.progressed': (data) =>
    [data['percent'] === undefined ? '' : `${Number(data['percent'])} %`, text(data['message'])]
      .filter(Boolean)
      .join(' '),
  'task.attemptFailed': (data) =>
    `attempt ${text(data['attempt'])} failed: ${failureText(data['error'])}`,
  'task.retryScheduled': (data, at) =>
    data['isDelayOver'] === true
      ? text(data['rule'])
      : `another attempt${due(data, at, ' in')} (${text(data['rule'])})`,
  'task.handedOff': (data) => `handed to ${text(data['agent'])} (${text(data['rule'])})`,
  'task.waiting': (data, at) =>
    `waits for ${waitText(text(data['kind']), data['details'] as JsonValue | undefined)}${childInputs(data)}${due(data, at, ', due in')}`,
  'task.expanded': (data) =>
    `expanded into ${counted(Number(data['count']), 'instance', 'instances')}`,
  'task.succeeded': (data, at) =>
    `succeeded${took(data, at)}, output ${valueText(data['output'])}${boundText(data['exhausted'])}`,
  'task.reused': (data) => `taken from the cache, output ${valueText(data['output'])}`,
  'task.failed': (data, at) => `failed${took(data, at)}: ${failureText(data['error'])}`,
  'task.skipped': (data) => `skipped: ${skipReason(text(data['reason']), data['by'])}`,
  'task.cancelRequested': (data, at) =>
    `cancellation requested: ${text(data['reason'])}${due(data, at, ', forced in')}`,
  'task.cancelAcknowledged': (data) =>
    data['worker'] === undefined ? 'the agent stopped' : `${text(data['worker'])} stopped`,
  'task.cancelForced': () => 'the agent did not stop in time and was given up',
  'task.canceled': (data) => `canceled: ${text(data['reason'])}`,
  'task.compensating': () => 'is being undone',
  'task.compensated': () => 'undone',
  'task.compensationFailed': (data) => `could not be undone: ${failureText(data['error'])}`,
  'task.reset': (data) => `back to pending: ${text(data['reason'])}`,
};

/** That a loop would have gone on but for its bound; `to`: the task that it leads to. */
export function boundText(to: unknown): string {
  return typeof to === 'string' ? `; the bound of the loop to ${plainText(to)} is used up` : '';
}

function onlyTasks(tasks: unknown): string {
  return Array.isArray(tasks) ? ` (${tasks.map(text).join(', ')})` : '';
}

/** The tasks of a patch; other fields are in the data. */
function adaptedText({ change, undoes }: Data): string {
  const { tasks = [], removed = [] } = (change ?? {}) as {
    tasks?: { id: string }[];
    removed?: string[];
  };
  const parts = [
    ...(undoes === undefined ? [] : [`takes back version ${String(undoes)}`]),
    ...(tasks.length === 0 ? [] : [brief(tasks.map(({ id }) => plainText(id)).join(', '))]),
    ...(removed.length === 0 ? [] : [`without ${brief(removed.map(plainText).join(', '))}`]),
  ];
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

/** What a child run was given. */
function childInputs({ kind, inputs }: Data): string {
  return kind === 'run' ? `, inputs ${valueText(inputs)}` : '';
}

function reminderWords({ kind, count }: Data): string {
  return kind === 'reminder' ? `reminder ${text(count)}: nobody has decided yet` : 'a timer fired';
}

function signalWords({ name, payload, taskId }: Data): string {
  const { by, to, comment, for: whose } = (payload ?? {}) as Data;
  if (taskId === undefined)
    return `signal ${text(name)}${payload === undefined ? '' : `, payload ${valueText(payload)}`}`;
  const said = comment === undefined ? '' : `: ${brief(text(comment))}`;
  if (name === 'delegate') return `${text(by)} handed the answer to ${text(to)}${said}`;
  const behalf = whose === undefined ? '' : ` for ${text(whose)}`;
  return `${text(by)} ${name === 'approve' ? 'approved' : 'rejected'}${behalf}${said}`;
}

/** The activation that an event is about; undefined for an event of the run itself. */
export function taskIdOf({ data }: Pick<Envelope, 'data'>): string | undefined {
  return (data as { taskId?: string } | null)?.taskId;
}

/** What happened, for people. */
export function wordsOf(envelope: Pick<Envelope, 'type' | 'data' | 'at'>): string {
  const data = (
    typeof envelope.data === 'object' && envelope.data !== null ? envelope.data : {}
  ) as Data;
  const say = Object.hasOwn(words, envelope.type) ? words[envelope.type] : undefined;
  return say === undefined ? brief(data) : say(data, envelope.at);
}

const SKIP_REASONS: Readonly<Record<string, string>> = {
  condition: 'its condition was false',
  trigger: 'its trigger could not hold any more',
  on_failure: 'it failed, and on_failure is skip',
  stopped: 'the run was stopping',
  completed: 'the run was completed by an operator',
  canceled: 'it was canceled before it began',
  milestone: 'it came too late for its milestone',
};

/** What another task did, by reason. */
const SKIPPED_BY: Readonly<Record<string, string>> = {
  canceled: 'canceled by',
  milestone: 'too late, for it came after the start of',
  completed: 'the run was ended by',
};

/** Why a task was skipped, and by which task where one did it. A reason of another kind stays as it is. */
export function skipReason(reason: string, by?: unknown): string {
  const done = Object.hasOwn(SKIPPED_BY, reason) ? SKIPPED_BY[reason] : undefined;
  if (done !== undefined && typeof by === 'string') return `${done} ${plainText(by)}`;
  return (Object.hasOwn(SKIP_REASONS, reason) ? SKIP_REASONS[reason] : undefined) ?? reason;
}

/** The status of a task as people read it, as that of a run is said. Programs get the word of the language, `success`. */
export function statusWord(status: string): string {
  return status === 'success' ? 'succeeded' : status;
}

/** `2 succeeded, 1 failed`; empty where nothing is counted. */
export function countsText(counts: Iterable<readonly [string, number]>): string {
  return [...counts].map(([status, count]) => `${count} ${statusWord(status)}`).join(', ');
}

/** How long a task was at it, all its rounds together; undefined before it is over. */
export function tookMs({
  startedAt,
  endedAt,
  workMs,
}: Pick<TaskReport, 'startedAt' | 'endedAt' | 'workMs'>): number | undefined {
  if (startedAt === undefined || endedAt === undefined) return undefined;
  return Math.max(0, workMs ?? endedAt - startedAt);
}

/** How far a cancellation is: asked, acknowledged and forced are three facts. */
const CANCEL_WORDS: Readonly<Record<NonNullable<TaskReport['cancel']>, string>> = {
  requested: 'asked to stop',
  acknowledged: 'its agent stopped',
  forced: 'its agent was given up',
};

/**
 * The status of a task, and what it does not say: that it was undone, how many rounds there were, and that the
 * bound of a loop ended it.
 */
export function statusText(
  task: Pick<TaskReport, 'status' | 'compensated' | 'rounds' | 'exhausted' | 'cancel'>,
  status: string = task.status,
): string {
  const { compensated, rounds = 1, exhausted, cancel } = task;
  return [
    statusWord(status),
    cancel === undefined ? '' : CANCEL_WORDS[cancel],
    compensated === true ? 'undone' : '',
    rounds > 1 ? `${rounds} rounds` : '',
    exhausted === undefined ? '' : 'bound reached',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** `code: message` of a failure record. */
export function failureText(failure: unknown): string {
  if (typeof failure !== 'object' || failure === null) return 'no reason given';
  const { code, message } = failure as Data;
  return `${text(code)}: ${brief(text(message), 300)}`;
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? plainText(value) : brief(value);
}

function valueText(value: unknown): string {
  return isBlobReference(value) ? `of ${value.size} bytes` : brief(value);
}

function due(data: Data, at: number, before: string): string {
  const { dueAt } = data;
  return typeof dueAt === 'number' ? `${before} ${duration(Math.max(0, dueAt - at))}` : '';
}

function took(data: Data, at: number): string {
  const { startedAt } = data;
  return typeof startedAt === 'number' ? ` after ${duration(at - startedAt)}` : '';
}
