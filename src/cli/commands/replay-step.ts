/** `troupe replay --step`: a walk through a run's history, with keys, with a script, or as JSON Lines. */
import { createInterface } from 'node:readline';
import { reasonOf } from '../../workflow/errors.ts';
import type { Arguments } from '../arguments.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { HistoryWalker } from '../history-walker.ts';
import { withReader } from '../reader.ts';
import { walkHistory } from '../run-facts.ts';
import type { Terminal } from '../terminal.ts';
import { versionAt } from '../version-at.ts';
import { type Breakpoint, parseBreakpoint } from './replay-step-breakpoints.ts';
import { keyCommands } from './replay-step-keys.ts';
import { StepSession, stepHelp } from './replay-step-session.ts';

/** Throws `run.not-found`, and `cli.usage` for a point or a command that cannot be understood. */
export async function stepThrough(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const walker = await openWalker(context, given.word(0, 'the run'));
  const taskIds = [...walker.view.keys()].flatMap((key) =>
    key.startsWith('tasks.') ? key.slice('tasks.'.length) : [],
  );
  const breakpoints = given.list('break').map((text) => parseBreakpoint(text, taskIds));
  const at = given.text('at');
  if (at !== undefined) await walker.goTo(versionAt(walker.envelopes, at));
  if (given.flag('jsonl')) await printAll(walker, { breakpoints, terminal });
  else await walk(new StepSession({ walker, terminal, taskIds, breakpoints }), { terminal, given });
  return exitCodes.done;
}

/** The log is let go before the walk begins: others may want it. */
async function openWalker(context: CommandContext, runId: string): Promise<HistoryWalker> {
  return withReader(context, async (reader) => {
    return await HistoryWalker.open(await walkHistory(reader, runId), runId);
  });
}

/** Every event from where the walker stands; with breakpoints those that they stop at. */
async function printAll(
  walker: HistoryWalker,
  { breakpoints, terminal }: { breakpoints: readonly Breakpoint[]; terminal: Terminal },
): Promise<void> {
  for (let version = walker.version; version <= walker.last && !terminal.isClosed; version += 1) {
    await walker.goTo(version);
    const { envelope, changes, broken } = walker;
    if (breakpoints.length > 0 && !breakpoints.some((point) => point.matches(envelope))) continue;
    const isFolded = broken === undefined || version < broken.version;
    terminal.printJson({
      event: envelope,
      ...(isFolded ? { changes } : { unfolded: broken.reason }),
    });
    await terminal.drained();
  }
}

async function walk(
  session: StepSession,
  { terminal, given }: { terminal: Terminal; given: Arguments },
): Promise<void> {
  const isKeyboard = terminal.isInputTerminal;
  if (isKeyboard) {
    terminal.tell(`${given.words[0]}: ? shows the keys, q quits`);
    terminal.tell(stepHelp[0] ?? '');
  }
  session.show();
  const { stdin } = process;
  const commands = isKeyboard
    ? keyCommands(stdin, (text) => process.stderr.write(text))
    : createInterface({ input: stdin });
  try {
    for await (const line of commands) {
      if (!isKeyboard && line.trimStart().startsWith('#')) continue;
      if (terminal.isClosed || !(await taken(session, { line, isKeyboard, terminal }))) break;
      await terminal.drained();
    }
  } finally {
    // Else a pipe that stays open would keep the process.
    stdin.destroy();
  }
}

/** At the keyboard a mistake is told; in a script it ends the walk. */
async function taken(
  session: StepSession,
  { line, isKeyboard, terminal }: { line: string; isKeyboard: boolean; terminal: Terminal },
): Promise<boolean> {
  try {
    return await session.take(line);
  } catch (error) {
    if (!isKeyboard) throw error;
    const hint = (error as { hint?: string }).hint;
    terminal.tell(`${reasonOf(error)}${hint === undefined ? '' : ` (${hint})`}`);
    return true;
  }
}
