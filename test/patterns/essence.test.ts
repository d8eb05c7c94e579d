/** The tables are no decoration: without what makes a workflow its pattern, some rule breaks or some order is missing. */
import { expect, it } from 'vitest';
import { explore } from './explore.ts';
import { patterns, textOf, workflowOf } from './patterns.ts';
import { always } from './rules.ts';
import { type Trace, traceOf } from './trace.ts';

const ORDERS = { inOrder: 120, atRandom: 60 };

const cases = patterns.flatMap((pattern) => {
  const [text = '', instead = ''] = pattern.without ?? [];
  return text === '' ? [] : [{ ...pattern, pattern, text, instead }];
});

it('every pattern has something that makes it one, but the one that needs nothing', () => {
  const names = new Set(cases.map(({ id }) => id));
  expect(patterns.filter(({ id }) => !names.has(id)).map(({ id }) => id)).toEqual(['P11']);
});

it.each(cases)('$id $title: `$instead` in the place of `$text`', ({ pattern, text, instead }) => {
  const source = textOf(pattern);
  expect(source).toContain(text);
  const workflow = workflowOf(pattern, source.replaceAll(text, instead));
  const complaints = pattern.cases.flatMap((use) => {
    const traces = explore({ pattern, workflow, use }, ORDERS).map((history) =>
      traceOf(history.map(({ event }) => event)),
    );
    const broken = [...always, ...use.always].filter((rule) =>
      traces.some((trace) => rule.breaks(trace) !== undefined),
    );
    const unseen = (use.free ?? []).filter(({ ways }) => !ways.every(isSeenIn(traces)));
    return [...broken, ...unseen];
  });
  expect(complaints.length).toBeGreaterThan(0);
});

const isSeenIn =
  (traces: readonly Trace[]) =>
  ({ holds }: { holds(trace: Trace): boolean }): boolean =>
    traces.some(holds);
