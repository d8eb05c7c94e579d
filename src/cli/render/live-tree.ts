/**
 * A run as a tree of at most `rows` lines of at most `columns` columns: the run, then one line a task. Pure.
 * What goes on is shown before what ended or has not begun, when not all of it fits.
 * Size: one small function a part of a line.
 */
import { clockTime, counted, duration } from './format.ts';
import { type Piece, paint, plainText, type Style } from './painted.ts';
import {
  endedInstances,
  type InstanceCounts,
  isEndedState,
  type RunView,
  spentBy,
  type TaskState,
  type TaskView,
} from './run-view.ts';
import { skipReason } from './words.ts';

export interface TreeOptions {
  runId: string;
  /** Ms since the epoch. */
  now: number;
  columns: number;
  rows: number;
  hasColor: boolean;
  /** False where a terminal may have no more than ASCII. */
  hasUnicode: boolean;
  /** Shown in the first line: that the connection is lost. */
  note?: string | undefined;
  /** The command that says how to answer what waits for somebody. */
  inbox?: string;
}

interface Look {
  sign: string;
  ascii: string;
  style: Style;
  words: string;
}

const LOOKS: Readonly<Record<TaskState, Look>> = {
  pending: { sign: '○', ascii: '.', style: 'dim', words: 'pending' },
  ready: { sign: '◌', ascii: 'o', style: 'wait', words: 'ready' },
  running: { sign: '●', ascii: '*', style: 'busy', words: 'running' },
  waiting: { sign: '◌', ascii: 'o', style: 'wait', words: 'waiting' },
  retrying: { sign: '↻', ascii: '~', style: 'wait', words: 'retrying' },
  canceling: { sign: '◌', ascii: 'o', style: 'wait', words: 'canceling' },
  succeeded: { sign: '✓', ascii: '+', style: 'good', words: 'succeeded' },
  failed: { sign: '✗', ascii: 'x', style: 'bad', words: 'failed' },
  skipped: { sign: '–', ascii: '-', style: 'dim', words: 'skipped' },
  canceled: { sign: '–', ascii: '-', style: 'dim', words: 'canceled' },
};
const STATE_WIDTH = 9;
const TIME_WIDTH = 12;
const MAX_NAME = 32;
const BAR_WIDTH = 10;
const MAX_NAMES = 3;
/** What is left out first when the terminal is too small. */
const IMPORTANCE: readonly TaskState[] = [
  'running',
  'retrying',
  'waiting',
  'canceling',
  'failed',
  'ready',
  'succeeded',
  'pending',
  'skipped',
  'canceled',
];

/** In a smaller window the tasks need the line. */
const MIN_ROWS_TO_ANSWER = 5;

/** The lines of a run at this moment. */
export function liveTree(view: RunView, options: TreeOptions): string[] {
  const tasks = [...view.tasks.values()];
  const answer = answerLine(tasks, options);
  const shown = fitting(tasks, Math.max(1, options.rows - 1 - answer.length));
  const hidden = tasks.filter((task) => !shown.includes(task));
  const width = Math.min(MAX_NAME, Math.max(4, ...shown.map(({ id }) => id.length)));
  const lines: Piece[][] = [runLine(view, tasks, options)];
  for (const [index, task] of shown.entries()) {
    const isLast = hidden.length === 0 && index === shown.length - 1;
    lines.push([branch(isLast, options), ...taskLine(task, { view, width, options })]);
  }
  if (hidden.length > 0)
    lines.push([branch(true, options), { text: `and ${countsText(hidden)}`, style: 'dim' }]);
  return [...lines, ...answer].map((pieces) => paint(pieces, options));
}

/** Where somebody could answer, and there is room: how. */
function answerLine(tasks: readonly TaskView[], { inbox, rows }: TreeOptions): Piece[][] {
  const isAsked = tasks.some(
    ({ state, waitsFor }) =>
      !isEndedState(state) && /^(approval|signal|more of)/.test(waitsFor ?? ''),
  );
  return inbox === undefined || !isAsked || rows < MIN_ROWS_TO_ANSWER
    ? []
    : [[{ text: `another terminal can answer: ${inbox}`, style: 'wait' }]];
}

/** The tasks for `rows` lines, in their own order; the most important ones where not all fit. */
function fitting(tasks: readonly TaskView[], rows: number): readonly TaskView[] {
  if (tasks.length <= rows) return tasks;
  const ranked = IMPORTANCE.flatMap((wanted) => tasks.filter(({ state }) => state === wanted));
  const kept = new Set(ranked.slice(0, Math.max(0, rows - 1)));
  return tasks.filter((task) => kept.has(task));
}

function branch(isLast: boolean, { hasUnicode }: TreeOptions): Piece {
  const lines = hasUnicode ? ['├─ ', '└─ '] : ['|- ', '`- '];
  return { text: lines[isLast ? 1 : 0] ?? '', style: 'dim' };
}

function runLine(view: RunView, tasks: readonly TaskView[], options: TreeOptions): Piece[] {
  const { status, startedAt, endedAt, name, pausedReason } = view;
  const shown = view.isQuarantined ? 'quarantined' : status;
  const since = startedAt === undefined ? '' : duration(spent(startedAt, endedAt, options.now));
  const [hooks, own] = [true, false].map((isHook) =>
    tasks.filter(({ hook }) => (hook !== undefined) === isHook),
  ) as [TaskView[], TaskView[]];
  const ended = own.filter(({ state }) => isEndedState(state)).length;
  const facts = [since, `${ended} of ${own.length} tasks`];
  if (hooks.length > 0) facts.push(counted(hooks.length, 'hook'));
  if (view.retries > 0) facts.push(counted(view.retries, 'retry', 'retries'));
  if (pausedReason !== undefined) facts.push(plainText(pausedReason));
  return [
    { text: plainText(name) || options.runId, style: 'bold' },
    { text: ` ${shown}`, style: statusStyle(shown) },
    { text: ` ${facts.filter((fact) => fact !== '').join(', ')}` },
    { text: ` ${options.runId}`, style: 'dim' },
    ...(options.note === undefined ? [] : [{ text: ` ${options.note}`, style: 'wait' as const }]),
  ];
}

function statusStyle(status: string): Style {
  if (status === 'succeeded') return 'good';
  if (status === 'failed' || status === 'quarantined' || status === 'stopping') return 'bad';
  return status === 'running' ? 'busy' : 'wait';
}

function taskLine(
  task: TaskView,
  parts: { view: RunView; width: number; options: TreeOptions },
): Piece[] {
  const { view, width, options } = parts;
  const { sign, ascii, style, words } = LOOKS[task.state];
  const taken = spentBy(task, options.now);
  const time = taken === undefined ? '' : duration(taken);
  const name = task.id.length > width ? `${task.id.slice(0, width - 1)}…` : task.id;
  return [
    { text: `${options.hasUnicode ? sign : ascii} `, style },
    { text: `${name.padEnd(width)}  ` },
    { text: words.padEnd(STATE_WIDTH), style },
    { text: `  ${time.padEnd(TIME_WIDTH)}` },
    ...(task.rounds > 1 ? [{ text: `round ${task.rounds}  ` }] : []),
    ...(task.hook === undefined ? [] : [{ text: `${task.hook}  `, style: 'dim' as const }]),
    ...(task.undo === undefined ? [] : [{ text: `${task.undo}  `, style: 'wait' as const }]),
    ...(task.attempt > 1 ? [{ text: `attempt ${task.attempt}  `, style: 'wait' as const }] : []),
    ...(task.instances === undefined
      ? detail(task, view, options)
      : instancesDetail(task.instances, task, parts)),
  ];
}

/** What it waits for, how far it is, why it ended. */
function detail(task: TaskView, view: RunView, options: TreeOptions): Piece[] {
  const who = task.agent ?? task.child;
  const agent = who === undefined ? '' : `(${plainText(who)})`;
  switch (task.state) {
    case 'pending':
      return [{ text: dependencyText(task, view), style: 'dim' }];
    case 'ready':
      return [{ text: slotText(task, view), style: 'wait' }];
    case 'running':
      return [{ text: `${agent} ` }, ...progressPieces(task, options)];
    case 'waiting':
      return [{ text: `for ${waitText(task, options.now)}`, style: 'wait' }];
    case 'retrying':
      return [
        { text: retryText(task, options.now), style: 'wait' },
        { text: `: ${errorText(task)}` },
      ];
    case 'failed':
      return [{ text: errorText(task), style: 'bad' }];
    case 'succeeded':
      return [{ text: agent, style: 'dim' }];
    default:
      return [{ text: endText(task), style: 'dim' }];
  }
}

/** Of a skipped or canceled task: why, and what failed before. */
function endText(task: TaskView): string {
  return [plainText(skipReason(task.reason ?? '')), errorText(task)]
    .filter((text) => text !== '')
    .join(', ');
}

function dependencyText({ dependencies }: TaskView, view: RunView): string {
  const open = dependencies.filter((id) => !isEndedState(view.task(id).state));
  if (open.length === 0) return '';
  const more = open.length > MAX_NAMES ? ` and ${open.length - MAX_NAMES} more` : '';
  return `waits for ${open.slice(0, MAX_NAMES).join(', ')}${more}`;
}

function slotText({ agent }: TaskView, { offline, pausedReason }: RunView): string {
  if (pausedReason !== undefined) return 'waits for the run to be resumed';
  if (agent !== undefined && offline.has(agent))
    return `waits for agent ${plainText(agent)}: nobody offers it now`;
  return `waits for a slot${agent === undefined ? '' : ` of ${plainText(agent)}`}`;
}

function waitText({ waitsFor, dueAt }: TaskView, now: number): string {
  const what = waitsFor ?? 'something';
  if (dueAt === undefined) return what;
  return `${what}, due ${clockTime(dueAt)} (${countdown(dueAt, now)})`;
}

function retryText({ dueAt }: TaskView, now: number): string {
  return `again ${dueAt === undefined ? 'soon' : countdown(dueAt, now)}`;
}

function countdown(dueAt: number, now: number): string {
  // upwards, so that it never stands at 0: in whole seconds, below one second in tenths
  const left = dueAt - now;
  const unit = left < 1_000 ? 100 : 1_000;
  return left <= 0 ? 'now' : `in ${duration(Math.ceil(left / unit) * unit)}`;
}

function errorText({ error }: TaskView): string {
  return error === undefined ? '' : plainText(`${error.code}: ${error.message}`);
}

function progressPieces({ percent, message }: TaskView, options: TreeOptions): Piece[] {
  const pieces: Piece[] = percent === undefined ? [] : [bar(percent / 100, options)];
  if (percent !== undefined) pieces.push({ text: ` ${Math.floor(percent)} % ` });
  if (message !== undefined) pieces.push({ text: plainText(message), style: 'dim' });
  return pieces;
}

function instancesDetail(
  instances: InstanceCounts,
  task: TaskView,
  { view, options }: { view: RunView; options: TreeOptions },
): Piece[] {
  const { total } = instances;
  const ended = endedInstances(instances);
  const count = (state: TaskState): number => instances.byState.get(state) ?? 0;
  const facts = [
    `${ended} of ${total}`,
    ...(['running', 'retrying', 'waiting', 'failed', 'canceled'] as const).flatMap((state) =>
      count(state) === 0 ? [] : [`${count(state)} ${state}`],
    ),
    ...(task.waitsFor === undefined || isEndedState(task.state)
      ? []
      : [`waits for ${task.waitsFor}`]),
  ];
  const counts: Piece = { text: facts.join(', ') };
  if (isEndedState(task.state)) {
    const why = task.state === 'failed' ? `: ${errorText(task)}` : '';
    return [counts, { text: why, style: 'bad' }];
  }
  return [
    bar(total === 0 ? 1 : ended / total, options),
    { text: ' ' },
    counts,
    { text: awayText(task, { ready: count('ready'), view }), style: 'wait' },
  ];
}

function awayText({ agent }: TaskView, { ready, view }: { ready: number; view: RunView }): string {
  if (agent === undefined || ready === 0 || !view.offline.has(agent)) return '';
  return `, ${ready} wait for agent ${plainText(agent)}: nobody offers it now`;
}

function bar(share: number, { hasUnicode }: TreeOptions): Piece {
  const full = Math.floor(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  const [done, open] = hasUnicode ? ['█', '░'] : ['#', '-'];
  return { text: `${done?.repeat(full)}${open?.repeat(BAR_WIDTH - full)}`, style: 'busy' };
}

function countsText(tasks: readonly TaskView[]): string {
  const parts = IMPORTANCE.flatMap((state) => {
    const count = tasks.filter((task) => task.state === state).length;
    return count === 0 ? [] : [`${count} ${LOOKS[state].words}`];
  });
  return parts.join(', ');
}

function spent(from: number, to: number | undefined, now: number): number {
  return Math.max(0, (to ?? now) - from);
}
