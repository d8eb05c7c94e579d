/** What a pattern leaves open: orders of events that some run shows. Each says itself in words, as the rules do. */
import { areTogether, called, calledAll, capital } from './rules.ts';
import { begun, successes, type Trace } from './trace.ts';

/** Each way is seen in some run: the engine does not order what the pattern leaves free. */
export interface Freedom {
  readonly says: string;
  readonly ways: readonly { readonly says: string; holds(trace: Trace): boolean }[];
}

/** Any two of these may be active at one time. */
export function beside(...names: string[]): Freedom {
  return {
    says: `${capital(calledAll(names))} may be active at the same time.`,
    ways: pairs(names).map(([one, other]) => ({
      says: `${one} beside ${other}`,
      holds: (trace) =>
        begun(trace, one).some((span) =>
          begun(trace, other).some((second) => second !== span && areTogether(span, second)),
        ),
    })),
  };
}

function pairs(names: readonly string[]): [string, string][] {
  if (names.length === 1) return [[names[0] as string, names[0] as string]];
  return names.flatMap((one, index) =>
    names.slice(index + 1).map((other): [string, string] => [one, other]),
  );
}

/** The first activations of these may begin in every order. */
export function anyOrder(...names: string[]): Freedom {
  return {
    says: `${capital(calledAll(names))} may begin in any order.`,
    ways: permutations(names).map((order) => ({
      says: order.join(', then '),
      holds: (trace) => isRising(order.map((name) => begun(trace, name)[0]?.begin)),
    })),
  };
}

/** The first successes of these may come in every order. */
export function anyEnd(...names: string[]): Freedom {
  return {
    says: `${capital(calledAll(names))} may end in any order.`,
    ways: permutations(names).map((order) => ({
      says: order.join(', then '),
      holds: (trace) => isRising(order.map((name) => successes(trace, name)[0])),
    })),
  };
}

function isRising(list: readonly (number | undefined)[]): boolean {
  return list.every(
    (at, index) => at !== undefined && (index === 0 || at > (list[index - 1] ?? at)),
  );
}

function permutations(names: readonly string[]): string[][] {
  if (names.length < 2) return [[...names]];
  return names.flatMap((name) =>
    permutations(names.filter((other) => other !== name)).map((rest) => [name, ...rest]),
  );
}

/** `then` may begin while `first` is still under way, or has not begun. */
export function mayPrecede(then: string, first: string): Freedom {
  return {
    says: `${capital(called(then))} may begin before ${called(first)} has ended.`,
    ways: [
      {
        says: `${then} before the end of ${first}`,
        holds: (trace) => {
          const begin = begun(trace, then)[0]?.begin;
          const end = Math.max(...begun(trace, first).map((span) => span.end));
          return begin !== undefined && begin < end;
        },
      },
    ],
  };
}

/** Something that may happen, and must not. */
export function may(says: string, holds: (trace: Trace) => boolean): Freedom {
  return { says, ways: [{ says, holds }] };
}
