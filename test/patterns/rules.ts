/**
 * What a pattern promises of the order of events. Each rule says itself in words (docs/patterns.md prints them) and
 * finds the place where a run breaks it. `pack` names all rounds of a task, `pack~` all its instances.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from '../../src/workflow/value.ts';
import { begun, type Span, spansOf, successes, type Trace } from './trace.ts';

/** Holds in every run. */
export interface Rule {
  readonly says: string;
  /** What is wrong; undefined where nothing is. */
  breaks(trace: Trace): string | undefined;
}

/** A name as it is said: a task, or one of its instances. */
export function called(name: string): string {
  return name.endsWith('~') ? `an instance of \`${name.slice(0, -1)}\`` : `\`${name}\``;
}

/** Several names as they are said. */
export function calledAll(names: readonly string[], word = 'and'): string {
  const list = names.map((name) =>
    name.endsWith('~') ? `the instances of \`${name.slice(0, -1)}\`` : `\`${name}\``,
  );
  return list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} ${word} ${list.at(-1)}`;
}

const counts = ['never', 'exactly once', 'exactly twice'];
const numbers = ['none', 'one', 'two', 'three', 'four', 'five'];

/** A task begins so many times, rounds (or instances) counted. */
export function runs(name: string, times: number | readonly [number, number]): Rule {
  const [least, most] = typeof times === 'number' ? [times, times] : times;
  const what = name.endsWith('~') ? `Of \`${name.slice(0, -1)}\`` : `\`${name}\` runs`;
  const isOfInstances = name.endsWith('~');
  const amount = isOfInstances
    ? `${least === most ? `exactly ${least}` : `${least} to ${most}`} instances run`
    : least === most
      ? (counts[least] ?? `exactly ${least} times`)
      : least === 0 && most === 1
        ? 'at most once'
        : `${least} to ${most} times`;
  return {
    says: `${what} ${amount}.`,
    breaks(trace) {
      const { length } = begun(trace, name);
      return length < least || length > most ? `${name} ran ${length} times` : undefined;
    },
  };
}

/** Exactly `count` of these run. */
export function someRun(count: number, names: readonly string[]): Rule {
  return {
    says: `Exactly ${numbers[count]} of ${calledAll(names)} runs.`,
    breaks(trace) {
      const ran = names.filter((name) => begun(trace, name).length > 0);
      return ran.length === count ? undefined : `${ran.join(', ')} ran`;
    },
  };
}

/** The k-th time `after` begins, `before` has succeeded at least k times. */
export function before(first: string, then: string): Rule {
  return {
    says: `${capital(called(then))} begins after ${called(first)} has succeeded.`,
    breaks(trace) {
      const ends = successes(trace, first);
      const late = begun(trace, then).find(
        ({ begin }, index) => !((ends[index] ?? Infinity) < begin),
      );
      return late === undefined ? undefined : `${late.activation} began too early`;
    },
  };
}

/** No two activations of these names are active at one time. */
export function apart(...names: string[]): Rule {
  return {
    says: `Of ${calledAll(names)} never two are active at the same time.`,
    breaks(trace) {
      const spans = names.flatMap((name) => begun(trace, name)).sort((a, b) => a.begin - b.begin);
      const both = spans.find((span, index) =>
        spans.slice(0, index).some((other) => areTogether(span, other)),
      );
      return both === undefined ? undefined : `${both.activation} began beside another one`;
    },
  };
}

/** These sets of tasks are never active together, each from its first begin to its last end. */
export function sectionsApart(sections: Readonly<Record<string, readonly string[]>>): Rule {
  const names = Object.keys(sections);
  return {
    says: `${capital(calledAll(names))} are never active at the same time, each from its first begin to its last end.`,
    breaks(trace) {
      const whole = names.map((name) => {
        const spans = (sections[name] ?? []).flatMap((task) => begun(trace, task));
        return {
          begin: Math.min(...spans.map(({ begin }) => begin)),
          end: Math.max(...spans.map(({ end }) => end)),
        };
      });
      const isBeside = whole.some((one, index) =>
        whole.slice(0, index).some((other) => one.begin < other.end && other.begin < one.end),
      );
      return isBeside ? 'they were active together' : undefined;
    },
  };
}

/** Both are active at one time. */
export function areTogether(one: Span, other: Span): boolean {
  return one.begin < other.end && other.begin < one.end;
}

/**
 * The first time, `name` is ready with success number `count` of these, not before and not later. `of: 'all rounds'`
 * says so of every round: the k-th is ready when so many of them have succeeded k times.
 */
export function readyWith(
  name: string,
  count: number,
  of: readonly string[],
  scope: 'first round' | 'every round' = 'first round',
): Rule {
  const amount =
    count === of.length
      ? `all of ${calledAll(of)} have`
      : of.length === 1
        ? `${calledAll(of)} has`
        : `${numbers[count]} of ${calledAll(of)} ${count === 1 ? 'has' : 'have'}`;
  const times = scope === 'first round' ? '' : ', in every round';
  return {
    says: `\`${name}\` is ready as soon as ${amount} succeeded${times}.`,
    breaks(trace) {
      const spans = spansOf(trace, name)
        .filter(({ how }) => how !== 'skipped')
        .sort((a, b) => a.ready - b.ready);
      for (const [index, span] of spans
        .slice(0, scope === 'first round' ? 1 : undefined)
        .entries()) {
        const arrived = of
          .map((dependency) => successes(trace, dependency)[index] ?? Infinity)
          .sort((a, b) => a - b);
        const decisive = arrived[count - 1] ?? Infinity;
        if (!(decisive < span.ready)) return `${span.activation} was ready too early`;
        const between = trace.events.slice(decisive + 1, span.ready);
        const isLate = between.some(({ type }) => type === 'task.succeeded');
        if (isLate) return `${span.activation} was ready too late`;
      }
      return undefined;
    },
  };
}

/** Once `barrier` has begun, `name` begins no more. */
export function notAfter(name: string, barrier: string): Rule {
  return {
    says: `Once \`${barrier}\` has begun, \`${name}\` begins no more.`,
    breaks(trace) {
      const [first] = begun(trace, barrier);
      const late = begun(trace, name).find(
        ({ begin }) => first !== undefined && begin > first.begin,
      );
      return late === undefined ? undefined : `${late.activation} began behind ${barrier}`;
    },
  };
}

/** Round k+1 of `name` is ready only after all of `names` have ended k times. */
export function roundsApart(name: string, names: readonly string[]): Rule {
  return {
    says: `The next round of \`${name}\` begins after ${calledAll(names)} have all ended the round before.`,
    breaks(trace) {
      const early = begun(trace, name).find(({ begin }, index) =>
        names.some(
          (each) => index > 0 && !((successes(trace, each)[index - 1] ?? Infinity) < begin),
        ),
      );
      return early === undefined ? undefined : `${early.activation} began too early`;
    },
  };
}

/** Every activation of a name ends in one of these ways. */
export function ends(
  name: string,
  ...ways: ('succeeded' | 'failed' | 'canceled' | 'skipped')[]
): Rule {
  const subject = name.endsWith('~') ? `Each instance of \`${name.slice(0, -1)}\`` : `\`${name}\``;
  return {
    says: `${subject} ends ${ways.join(' or ')}.`,
    breaks(trace) {
      const spans = spansOf(trace, name);
      const wrong = spans.find(({ how }) => !(ways as string[]).includes(how));
      if (wrong !== undefined) return `${wrong.activation} ended ${wrong.how}`;
      return spans.length === 0 ? `${name} never ended` : undefined;
    },
  };
}

/** What the run comes to. */
export function run(status: 'succeeded' | 'failed' | 'canceled'): Rule {
  return {
    says: `The run ends ${status}.`,
    breaks: (trace) => (trace.status === status ? undefined : `it ended ${trace.status}`),
  };
}

/** The outputs of the run, whatever the order. */
export function gives(output: JsonValue): Rule {
  return {
    says: `The run gives \`${JSON.stringify(output)}\`.`,
    breaks: (trace) =>
      isDeepStrictEqual(trace.output, output)
        ? undefined
        : `it gave ${JSON.stringify(trace.output)}`,
  };
}

/** A rule of its own. */
export function rule(says: string, breaks: Rule['breaks']): Rule {
  return { says, breaks };
}

/** With a capital letter in front. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * What holds in every run of every workflow: it ends, everything in it ended before, once, and nothing begins twice.
 */
export const always: readonly Rule[] = [
  rule('The run ends, and nothing is left under way.', (trace) => {
    if (trace.status === undefined) return 'the run has not ended';
    const open = trace.spans.find(({ end }) => end === Number.POSITIVE_INFINITY);
    return open === undefined ? undefined : `${open.activation} is left`;
  }),
  rule('Every activation begins at most once and ends once.', (trace) => {
    const seen = new Set<string>();
    for (const { type, data } of trace.events) {
      const { taskId } = data as { taskId?: string };
      const isOnce = /^task\.(started|succeeded|canceled)$/.test(type);
      if (!isOnce || taskId === undefined) continue;
      const what = `${type} ${taskId}`;
      if (seen.has(what)) return `${what} twice`;
      seen.add(what);
    }
    return undefined;
  }),
];
