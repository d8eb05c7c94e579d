/** What a run touches, in lines for people. Pure. */
import type { BlastRadius, CrashedAttempt, TouchedRun } from '../../messages/blast-radius.ts';
import { counted, localTime } from './format.ts';

/** Names that a line lists; the others are counted. */
const MAX_NAMED = 5;

/** One line for each kind of thing that there is; `hint`s are left to the caller. */
export function blastLines(radius: BlastRadius): string[] {
  const { ancestors, family, alike, alikeCount, isWhole } = radius;
  return [
    ...heldLines(radius),
    ...line('crashed with it', named(groups(radius.crashed))),
    ...line('lost with its workers', named(groups(radius.collateral, { isOther: true }))),
    ...line('waited for by', named(ancestors.map(run))),
    ...(['child', 'fork', 'job'] as const).flatMap((relation) =>
      line(
        RELATION_WORDS[relation],
        named(family.filter((each) => each.relation === relation).map(run)),
      ),
    ),
    ...(isWhole ? [] : ['  more than these came from it']),
    ...line('same definition, going on', named(alike.map(run), alikeCount)),
    ...line('started by schedules', named(radius.schedules.map(schedule))),
  ];
}

const RELATION_WORDS = { child: 'child runs', fork: 'forks', job: 'jobs' } as const;

function line(what: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`  ${what}: ${text}`];
}

function named(names: readonly string[], count = names.length): string | undefined {
  if (count === 0) return undefined;
  const shown = names.slice(0, MAX_NAMED);
  return `${shown.join(', ')}${count > shown.length ? ` and ${count - shown.length} more` : ''}`;
}

function run({ runId, name, status }: TouchedRun): string {
  return `${runId} "${name}" ${status}`;
}

function heldLines({ held, open, pending, status }: BlastRadius): string[] {
  const what = status === 'quarantined' ? 'held back' : 'open';
  if (held === null) return [`  ${what}: not known, its history cannot be folded`];
  if (open + pending === 0) return [];
  const names = held.map(({ task, state, attempt }) => `${task} ${state} (attempt ${attempt})`);
  const behind = pending === 0 ? [] : [`${counted(pending, 'task')} not begun`];
  return line(
    what,
    [named(names, open), ...behind].filter((text) => text !== undefined).join('; '),
  );
}

/** Attempts of one task by one agent together. */
function groups(attempts: readonly CrashedAttempt[], { isOther = false } = {}): string[] {
  const counts = new Map<string, number>();
  for (const { runId, task, agent, code } of attempts) {
    const name = `${isOther ? `${runId} ` : ''}${task} by ${agent ?? 'an unknown agent'}, ${code}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} (${count} times)`));
}

function schedule({ name, status, nextDueAt }: BlastRadius['schedules'][number]): string {
  const next = nextDueAt === null ? '' : `, next ${localTime(nextDueAt)}`;
  return `${name} ${status}${next}`;
}
