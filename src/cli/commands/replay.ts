/** `troupe replay`: what happened in a run, its state at any point, and whether history still folds to the same. */
import type { Envelope } from '../../events/envelope.ts';
import type { RunReport } from '../../messages/report.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonlOption, jsonOption, settingOptions, timesOption } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { type RunHistory, withReader } from '../reader.ts';
import { localTime, outputText } from '../render/format.ts';
import { summary, taskTable, timeline, titleOf } from '../render/timeline.ts';
import { taskIdOf } from '../render/words.ts';
import type { Terminal } from '../terminal.ts';
import { versionAt } from '../version-at.ts';

export const replayCommand: Command = {
  summary: 'Show what happened in a run, at any point of its past',
  words: ['run'],
  options: {
    at: {
      type: 'string',
      value: 'POINT',
      description: 'A stream version, a checkpoint or an ISO time: the exact state then',
    },
    task: {
      type: 'string',
      value: 'ID',
      description: 'Only the events of this task and its instances',
    },
    verify: {
      type: 'boolean',
      description: 'Fold everything again and compare; exit code 0 when equal, else 1',
    },
    step: {
      type: 'boolean',
      description: 'Walk event by event, forwards and backwards, with the difference each makes',
    },
    break: {
      type: 'string',
      value: 'POINT',
      multiple: true,
      description:
        'With --step: stop at an event type (task.failed, task.*) or a task (task:build)',
    },
    ...timesOption,
    ...jsonOption,
    ...jsonlOption,
    ...settingOptions,
  },
  notes: [
    'Replaying executes nothing: it folds the recorded events.',
    'Of a fork, the events that it has in common with the other run come first; --at counts its own.',
    'With --step, keys are read on a terminal (? lists them), else commands from stdin, one a line.',
  ],
  examples: [
    ['troupe replay run_01j9zq', 'The timeline'],
    ['troupe replay run_01j9zq --times', 'The timeline with local times'],
    ['troupe replay run_01j9zq --at 12', 'The state after event 12'],
    ['troupe replay run_01j9zq --at 2026-03-01T12:00:00Z --json', 'What was known at noon'],
    [
      'troupe replay run_01j9zq --step --break task.failed',
      'Walk through it; c goes on to the next failure, b goes back',
    ],
    ['troupe replay run_01j9zq --step --jsonl', 'Every event with the difference it made'],
    ['troupe replay run_01j9zq --verify', 'Prove that the history gives the same state'],
  ],
  run: replay,
};

async function replay(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const runId = given.word(0, 'the run');
  checkOptions(given);
  if (given.flag('step')) return (await import('./replay-step.ts')).stepThrough(context);
  return withReader(context, async (reader) => {
    if (given.flag('verify')) {
      const { verifyRun } = await import('../verify-run.ts');
      const verdict = await verifyRun(reader, runId);
      if (given.flag('json')) terminal.printJson(verdict);
      else showVerdict(terminal, verdict);
      return verdict.ok ? exitCodes.done : exitCodes.failed;
    }
    await showPast({ history: await reader.history(runId), runId, given, terminal });
    return exitCodes.done;
  });
}

/** Options that do not go together. Throws `cli.usage`. */
function checkOptions(given: Arguments): void {
  const isStep = given.flag('step');
  if (!isStep && given.flag('break'))
    throw new UsageError('--break needs --step', 'Write --step --break.');
  const hints = { verify: 'Verify first.', json: 'Write --jsonl.', task: 'Write --break task:ID.' };
  for (const [name, hint] of Object.entries(hints))
    if (isStep && given.flag(name)) throw new UsageError(`--${name} does not go with --step`, hint);
  if (given.flag('verify') && (given.flag('at') || given.flag('task')))
    throw new UsageError('--verify looks at the whole run', 'Leave --at and --task away.');
}

async function showPast(parts: {
  history: RunHistory;
  runId: string;
  given: Arguments;
  terminal: Terminal;
}): Promise<void> {
  const { history, runId, given, terminal } = parts;
  const at = given.text('at');
  const toVersion = at === undefined ? undefined : versionAt(history.envelopes, at);
  const { stateOf } = await import('../run-state.ts');
  const { report } = await stateOf(
    history.log,
    runId,
    toVersion === undefined ? {} : { toVersion },
  );
  const own = history.envelopes.filter(
    ({ streamVersion }) => streamVersion <= (toVersion ?? Infinity),
  );
  const past = [...history.origins, ...own];
  const events = eventsOf(past, given.text('task'));
  const hasTimes = given.flag('times');
  if (given.flag('jsonl')) {
    for (const event of events) {
      terminal.printJson(event);
      await terminal.drained();
    }
    terminal.printJson(report);
  } else if (given.flag('json')) {
    const { name, status } = report;
    terminal.printJson({ runId, name, status, events, state: report });
  } else if (toVersion === undefined)
    showTimeline(terminal, { events, report, all: past, hasTimes });
  else
    showState(terminal, { report: ofTask(report, given), toVersion, last: past.at(-1), hasTimes });
}

/** The report of the one task that was asked for, with its rounds and instances in it. */
function ofTask(report: RunReport, given: Arguments): RunReport {
  const id = given.text('task')?.split(/[@~!]/)[0];
  const task = id === undefined ? undefined : report.tasks[id];
  return id === undefined || task === undefined ? report : { ...report, tasks: { [id]: task } };
}

/** The events of a task: its own activation, its rounds, instances and compensation. */
function eventsOf(envelopes: readonly Envelope[], task: string | undefined): Envelope[] {
  if (task === undefined) return [...envelopes];
  const isOfTask = (id: string | undefined): boolean =>
    id?.startsWith(task) === true &&
    (id.length === task.length || /^[@~!]/.test(id.slice(task.length)));
  const found = envelopes.filter((envelope) => isOfTask(taskIdOf(envelope)));
  if (found.length > 0) return found;
  const known = [...new Set(envelopes.flatMap((envelope) => taskIdOf(envelope) ?? []))];
  throw new UsageError(
    `the run has no events of a task ${task}`,
    `Tasks with events: ${known.slice(0, 20).join(', ') || 'none yet'}.`,
  );
}

function showTimeline(
  terminal: Terminal,
  shown: { events: Envelope[]; report: RunReport; all: readonly Envelope[]; hasTimes: boolean },
): void {
  const start = shown.all[0]?.at ?? 0;
  for (const line of timeline(shown.events, { start, hasTimes: shown.hasTimes }))
    terminal.print(line);
  terminal.print('');
  terminal.print(`${localTime(start)} to ${localTime(shown.all.at(-1)?.at ?? start)}`);
  for (const line of summary(shown.report, shown.all.length)) terminal.print(line);
}

function showState(
  terminal: Terminal,
  shown: {
    report: RunReport;
    toVersion: number;
    last: Envelope | undefined;
    hasTimes: boolean;
  },
): void {
  const { report, toVersion, last, hasTimes } = shown;
  const when = last === undefined ? '' : ` (${localTime(last.at)}, ${last.type})`;
  terminal.print(`${titleOf(report)} after version ${toVersion}${when}: ${report.status}`);
  terminal.print('');
  for (const line of taskTable(report, { hasTimes })) terminal.print(line);
  const text = outputText(report.output ?? null);
  if (text !== '') terminal.print(`\n${text}`);
}

function showVerdict(
  terminal: Terminal,
  verdict: {
    ok: boolean;
    runId: string;
    checks: readonly { name: string; ok: boolean; detail: string }[];
  },
): void {
  for (const { name, ok, detail } of verdict.checks)
    terminal.print(`${ok ? 'ok      ' : 'DIFFERS '} ${name}: ${detail}`);
  terminal.print(`${verdict.runId}: ${verdict.ok ? 'the refold equals' : 'the refold differs'}`);
}
