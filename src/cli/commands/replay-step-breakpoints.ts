/** Breakpoints of `replay --step`: an event type, or a task. Pure. */
import { catalogue } from '../../events/catalogue.ts';
import type { Envelope } from '../../events/envelope.ts';
import { parseActivation } from '../../machines/run/activation.ts';
import { didYouMean } from '../../workflow/suggest.ts';
import { UsageError } from '../errors.ts';
import { taskIdOf } from '../render/words.ts';

export interface Breakpoint {
  /** As it was written. */
  text: string;
  matches(envelope: Pick<Envelope, 'type' | 'data'>): boolean;
}

const EXAMPLES = 'Write an event type (task.failed, task.*) or a task (task:build, task:each~3).';

/** Reads `task.failed`, `run.*`, `task:build`, `task:each~3`. Throws `cli.usage` for what cannot be met. */
export function parseBreakpoint(text: string, taskIds: readonly string[]): Breakpoint {
  const wanted = text.trim();
  if (wanted.startsWith('task:')) return taskBreakpoint(wanted, taskIds);
  if (wanted.endsWith('.*')) {
    const start = wanted.slice(0, -1);
    const starts = [...new Set(knownTypes().map((type) => `${type.split('.')[0]}.*`))];
    if (!starts.includes(wanted)) throw unknown(wanted, starts);
    return { text: wanted, matches: ({ type }) => type.startsWith(start) };
  }
  if (!knownTypes().includes(wanted)) throw unknown(wanted, knownTypes());
  return { text: wanted, matches: ({ type }) => type === wanted };
}

/** Without a round or an index it stands for all activations of the task. */
function taskBreakpoint(text: string, taskIds: readonly string[]): Breakpoint {
  const id = text.slice('task:'.length);
  const name = parseActivation(id);
  if (name === undefined || !taskIds.includes(name.taskId))
    throw new UsageError(
      `the run has no task "${id}"`,
      didYouMean(id, taskIds, `Its tasks: ${taskIds.slice(0, 20).join(', ')}.`),
    );
  const isWhole = id === name.taskId;
  return {
    text,
    matches: (envelope) => {
      const taskId = taskIdOf(envelope);
      if (taskId === undefined || !taskId.startsWith(id)) return false;
      const rest = taskId.slice(id.length);
      return rest === '' || (isWhole ? /^[@~!]/ : /^~/).test(rest);
    },
  };
}

function unknown(text: string, known: readonly string[]): UsageError {
  return new UsageError(`"${text}" is no event type`, didYouMean(text, known, EXAMPLES));
}

/** Those that a run's stream may have. */
function knownTypes(): string[] {
  return [...catalogue.keys()].filter((type) =>
    /^(run|task|timer|escalation|permission|budget|stream)\./.test(type),
  );
}
