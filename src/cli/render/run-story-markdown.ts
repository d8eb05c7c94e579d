/**
 * The story of a run as Markdown. Whatever the size of the run it stays a few pages: lists are cut to the entries that
 * matter, and say how many there are more. Pure.
 * Size: one small function for each section of the page.
 */
import { isBlobReference, type JsonValue } from '../../workflow/value.ts';
import { brief, duration, offset, table } from './format.ts';
import { symbols } from './graph-view.ts';
import { block, code, markdownTable, plain } from './markdown.ts';
import type { RunStory, StoryTask } from './run-story.ts';
import type { FailureRecord } from './run-tally.ts';
import { countsText, skipReason, statusText } from './words.ts';

const MAX_TASKS = 50;
const MAX_PATH = 30;
const MAX_RECORDS = 10;
const MAX_MILESTONES = 40;
const MAX_BARS = 40;
/** Undone tasks that are named. */
const MAX_UNDONE = 10;
const MAX_VALUE = 4_000;
const BAR_WIDTH = 40;

export function storyMarkdown(story: RunStory): string {
  const sections = [
    head(story),
    asked(story),
    result(story),
    failures(story),
    timeline(story),
    path(story),
    tasks(story),
    agents(story),
    usage(story),
    output(story),
    further(story),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function head(story: RunStory): string[] {
  const { counts, instances, asked: request } = story;
  const rows = [
    ['Run', code(story.runId)],
    ['Status', `**${story.status}**`],
    ...(story.parent === undefined
      ? []
      : [['Child of', `${code(story.parent.runId)}, task ${code(story.parent.task)}`]]),
    ['Asked', `${time(request.at)} by ${plain(request.by)}`],
    ...(story.startedAt === undefined ? [] : [['Started', time(story.startedAt)]]),
    ...(story.endedAt === undefined ? [] : [['Ended', time(story.endedAt)]]),
    [story.endedAt === undefined ? 'So far' : 'Took', duration(story.durationMs)],
    ['Tasks', taskCounts(counts)],
    ...(story.hooks === undefined ? [] : [['Hooks', taskCounts(story.hooks)]]),
    ...(Object.keys(instances).length === 0 ? [] : [['Instances', taskCounts(instances)]]),
    [
      story.endedAt === undefined ? 'Attempts ended' : 'Attempts',
      `${story.agents.reduce((sum, each) => sum + each.attempts, 0)}`,
    ],
    ['Events', String(story.events)],
  ];
  return [`# Report of ${plain(story.name)}`, '', ...markdownTable(['', ''], rows)];
}

function asked({ asked: request }: RunStory): string[] {
  return [
    '## What was asked',
    '',
    ...(request.description === undefined ? [] : [plain(request.description), '']),
    ...(request.requestId === undefined ? [] : [`Request ${code(request.requestId)}.`, '']),
    ...(request.session === undefined ? [] : [`Session ${code(request.session)}.`, '']),
    `Priority ${request.priority}. Inputs:`,
    '',
    ...valueBlock(request.inputs),
  ];
}

function result(story: RunStory): string[] {
  const { error, advice, unfolded } = story;
  const lines = ['## Result', '', sentence(story)];
  if (error !== undefined)
    lines.push('', `Error ${code(error.code)}: ${plain(brief(error.message, 1_000))}`);
  if (advice !== undefined) lines.push('', `What to do: ${advice}`);
  if (unfolded !== undefined)
    lines.push(
      '',
      `The history cannot be folded beyond version ${unfolded.version - 1}: ${plain(unfolded.reason)}. What this report says of the tasks is of that version.`,
    );
  return lines;
}

function sentence(story: RunStory): string {
  const { status, durationMs, failures: groups, retries } = story;
  const took = duration(durationMs);
  const failed = groups.reduce((sum, { count }) => sum + count, 0);
  const attempts =
    failed === 0 ? 'No attempt failed' : `${plural(failed, 'attempt')} failed, ${retries} retried`;
  const begin: Readonly<Record<string, string>> = {
    succeeded: `The run succeeded in ${took}.`,
    failed: `The run failed after ${took}; ${keptText(story)}.`,
    canceled: `The run was canceled after ${took}.`,
    quarantined: `The run is set aside after ${took}: ${story.error?.code === 'compensation.failed' ? 'something could not be undone' : 'a defect was met'}, and nothing of it goes on until it is released.`,
  };
  return `${begin[status] ?? `The run is ${status}; so far ${took}.`} ${attempts}.`;
}

/** What is left of the tasks that succeeded. */
function keptText({ counts, tasks: all }: RunStory): string {
  const succeeded = `${plural(counts.success ?? 0, 'task')} had succeeded`;
  const undone = all.filter(({ compensated }) => compensated === true).map(({ id }) => code(id));
  if (undone.length === 0) return `${succeeded} and their results are kept`;
  const named = undone.length > MAX_UNDONE ? String(undone.length) : undone.join(', ');
  return `${succeeded}, and of these ${named} ${undone.length === 1 ? 'was' : 'were'} undone`;
}

function failures(story: RunStory): string[] {
  if (story.failures.length === 0) return [];
  const start = startOf(story);
  const lines = ['## Failures and retries'];
  for (const { code: name, count, advice, records } of story.failures) {
    lines.push('', `### ${code(name)}: ${count}`, '', `What to do: ${advice}`, '');
    const rows = records.slice(0, MAX_RECORDS).map((record) => failureRow(record, start));
    lines.push(
      ...markdownTable(['event', 'after', 'task', 'attempt', 'agent', 'evidence', 'then'], rows),
    );
    if (count > MAX_RECORDS) lines.push('', `And ${count - MAX_RECORDS} more.`);
  }
  return lines;
}

function failureRow(record: FailureRecord, start: number): string[] {
  return [
    String(record.streamVersion),
    offset(record.at - start),
    code(record.taskId),
    record.attempt === undefined ? '' : String(record.attempt),
    record.agent === undefined ? '' : code(record.agent),
    plain(brief(record.error.message, 200)),
    plain(record.followedBy),
  ];
}

/** Few tasks: a bar each. Many attempts: how many were at work when. Then what happened to the run itself. */
function timeline(story: RunStory): string[] {
  const started = story.tasks.filter(({ startedAt }) => startedAt !== undefined);
  const attempts = story.agents.reduce((sum, each) => sum + each.attempts, 0);
  const picture = [
    ...(started.length === 0 ? ['Nothing has started.'] : []),
    ...(started.length > 0 && started.length <= MAX_BARS
      ? block(bars(story, started).join('\n'))
      : []),
    ...(attempts > MAX_BARS ? ['', ...loadTable(story)] : []),
  ];
  const shown = story.milestones.slice(-MAX_MILESTONES);
  const start = startOf(story);
  const rows = shown.map(({ streamVersion, at, text }) => [
    String(streamVersion),
    offset(at - start),
    plain(brief(text, 160)),
  ]);
  const hidden = story.milestones.length - shown.length;
  return [
    '## Timeline',
    '',
    ...picture,
    '',
    ...(hidden > 0 ? [`The last ${shown.length} of ${story.milestones.length}:`, ''] : []),
    ...markdownTable(['event', 'after', 'what happened to the run'], rows),
  ];
}

/** `=` from the first attempt to the end, of each round, on one scale. */
function bars(story: RunStory, started: readonly StoryTask[]): string[] {
  const from = startOf(story);
  const to =
    story.endedAt ?? Math.max(from + story.durationMs, ...started.map((task) => task.endedAt ?? 0));
  const scale = BAR_WIDTH / Math.max(1, to - from);
  const width = Math.min(40, Math.max(...started.map(({ id }) => id.length)));
  return [...started]
    .sort((left, right) => (left.startedAt ?? 0) - (right.startedAt ?? 0))
    .map((task) => {
      const spans = task.spans ?? [{ from: task.startedAt ?? from, to: task.endedAt ?? to }];
      const cells = Array.from({ length: BAR_WIDTH }, () => ' ');
      for (const span of spans) {
        const begin = Math.min(BAR_WIDTH - 1, Math.floor((span.from - from) * scale));
        const end = Math.min(BAR_WIDTH, Math.ceil((span.to - from) * scale));
        cells.fill('=', begin, Math.max(begin + 1, end));
      }
      const took = task.tookMs === undefined ? 'not over' : duration(task.tookMs);
      const rounds = task.rounds === undefined ? '' : ` in ${task.rounds} rounds`;
      return `${brief(task.id, 40).padEnd(width)} |${cells.join('')}| ${took}${rounds}`;
    });
}

function loadTable(story: RunStory): string[] {
  const start = startOf(story);
  const rows = story.load.map(({ from, started, ended, mostAtWork }) => [
    offset(from - start),
    String(started),
    String(ended),
    String(mostAtWork),
  ]);
  return markdownTable(['from', 'attempts started', 'ended', 'most at work'], rows);
}

function path(story: RunStory): string[] {
  const { steps, waitMs, workMs } = story.criticalPath;
  if (steps.length === 0) return [];
  const shown =
    steps.length <= MAX_PATH
      ? steps
      : [...steps]
          .sort((left, right) => right.workMs + right.waitMs - left.workMs - left.waitMs)
          .slice(0, MAX_PATH);
  const whole = Math.max(1, story.durationMs);
  const rows = shown.map((step) => [
    code(step.taskId),
    duration(step.waitMs),
    duration(step.workMs),
    `${Math.round(((step.waitMs + step.workMs) * 100) / whole)} %`,
  ]);
  return [
    '## Critical path',
    '',
    `${story.endedAt === undefined ? 'So far the run has waited' : 'The end of the run waited'} for ${steps.length === 1 ? 'this task' : `these ${steps.length} tasks`}: ${duration(workMs)} at work${story.retries > 0 ? ' (delays before retries included)' : ''}, ${duration(waitMs)} waiting for a slot or a worker, of ${duration(story.durationMs)}.`,
    ...(shown.length < steps.length ? [`The ${shown.length} longest:`] : []),
    '',
    ...markdownTable(['task', 'waited', 'at work', 'share'], rows),
  ];
}

/** The agent, or the child run. */
function whoOf({ agent, runId }: RunStory['tasks'][number]): string {
  const who = agent ?? runId;
  return who === undefined ? '' : code(who);
}

/** Of many tasks those that need a look: not succeeded, then retried, then the longest. */
function tasks(story: RunStory): string[] {
  const { tasks: all } = story;
  const shown = all.length <= MAX_TASKS ? all : [...all].sort(byInterest).slice(0, MAX_TASKS);
  const rows = shown.map((task) => [
    code(task.id),
    `${symbols[task.status]} ${statusText(task)}`,
    String(task.attempts),
    whoOf(task),
    task.tookMs === undefined ? '' : duration(task.tookMs),
    taskNote(task),
  ]);
  const slowest = story.slowest.map((attempt) => [
    code(attempt.taskId),
    attempt.attempt === undefined ? '' : String(attempt.attempt),
    code(attempt.agent),
    duration(attempt.tookMs),
  ]);
  return [
    '## Tasks',
    '',
    ...(shown.length < all.length
      ? [
          `${shown.length} of ${all.length}: first what did not succeed, then what took longest.`,
          '',
        ]
      : []),
    ...markdownTable(['task', 'status', 'attempts', 'agent', 'took', ''], rows),
    ...(slowest.length === 0 || all.length <= 1
      ? []
      : [
          '',
          'The longest attempts:',
          '',
          ...markdownTable(['task', 'attempt', 'agent', 'took'], slowest),
        ]),
  ];
}

function byInterest(left: StoryTask, right: StoryTask): number {
  const weight = ({ status, attempts }: StoryTask): number =>
    status === 'failed' ? 3 : status === 'success' ? Number(attempts > 1) : 2;
  return weight(right) - weight(left) || (right.tookMs ?? 0) - (left.tookMs ?? 0);
}

function taskNote({ error, reason, instances, hook, exhausted }: StoryTask): string {
  const parts = [
    hook === undefined ? '' : `hook ${hook}`,
    exhausted === undefined ? '' : `the bound of the loop to ${code(exhausted)} ended it`,
    instances === undefined ? '' : `instances: ${plain(taskCounts(instances))}`,
    error === undefined ? '' : `${code(error.code)} ${plain(brief(error.message, 120))}`,
    reason === undefined ? '' : plain(skipReason(reason)),
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function agents(story: RunStory): string[] {
  if (story.agents.length === 0) return [];
  const rows = story.agents.map((each) => [
    code(each.agent),
    String(each.attempts),
    String(each.succeeded),
    String(each.failed),
    duration(each.totalMs),
    duration(each.medianMs),
    duration(each.maxMs),
  ]);
  return [
    '## Agents',
    '',
    ...markdownTable(
      ['agent', 'attempts', 'succeeded', 'failed', 'in all', 'median', 'longest'],
      rows,
    ),
  ];
}

function usage(story: RunStory): string[] {
  const entries = Object.entries(story.usage);
  if (entries.length === 0) return [];
  const rows = entries.map(([name, sum]) => [plain(name), String(Math.round(sum * 1e6) / 1e6)]);
  return ['## Usage and cost', '', ...markdownTable(['what', 'sum over all attempts'], rows)];
}

function output(story: RunStory): string[] {
  if (story.output === null) return [];
  return ['## Output', '', ...valueBlock(story.output, `troupe runs show ${story.runId} --json`)];
}

function further({ runId, failures: groups }: RunStory): string[] {
  const [record] = groups.flatMap(({ records }) => records);
  const lines = table([
    [`troupe replay ${runId}`, '# the timeline, event by event'],
    [`troupe replay ${runId} --step`, '# walk through it, forwards and backwards'],
    [`troupe graph --run ${runId} -o run.svg`, '# a picture of it'],
    [`troupe runs show ${runId} --json`, '# every output in full'],
    ...(record === undefined
      ? []
      : [
          [
            `troupe replay ${runId} --at ${record.streamVersion}`,
            '# the state at the first failure listed',
          ],
        ]),
  ]);
  return ['## How to look further', '', ...block(lines.join('\n'), 'sh')];
}

/** A value in full where it is short, else its beginning and where the rest is. */
function valueBlock(value: JsonValue, source?: string): string[] {
  if (isBlobReference(value)) return [`A blob of ${value.size} bytes: ${code(value.$blob)}.`];
  const isText = typeof value === 'string';
  const whole = isText ? value : JSON.stringify(value, null, 2);
  const shown = whole.length <= MAX_VALUE ? whole : whole.slice(0, MAX_VALUE).toWellFormed();
  const rest = whole.length - shown.length;
  return [
    ...block(shown.trimEnd(), isText ? '' : 'json'),
    ...(rest > 0
      ? [
          '',
          `Cut after ${MAX_VALUE} of ${whole.length} characters.${source === undefined ? '' : ` In full: ${code(source)}.`}`,
        ]
      : []),
  ];
}

function startOf({ startedAt, asked: { at } }: RunStory): number {
  return startedAt ?? at;
}

function time(at: number): string {
  return new Date(at).toISOString();
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function taskCounts(counts: Readonly<Record<string, number>>): string {
  return countsText(Object.entries(counts)) || 'none';
}
