/** A hint says what to write, also to those who come from another system. */
import { describe, expect, it } from 'vitest';
import { parseWorkflow } from '../../src/workflow/parse.ts';
import type { Problem } from '../../src/workflow/problems.ts';

const problemsOf = (tasks: string, head: string): Problem[] =>
  parseWorkflow(`${head}tasks:\n${tasks}`).problems;

describe('problems', () => {
  it('say how a loop is written where one closes a cycle', () => {
    const [problem] = problemsOf(
      '  - { id: write, agent: e }\n  - { id: review, agent: e, dependencies: [write] }\n',
      'name: x\nedges: [{ from: review, to: write }]\n',
    );
    expect(problem).toMatchObject({
      code: 'workflow.cycle',
      hint: expect.stringContaining('`{ from: review, to: write, loop: { max: 3 } }`'),
    });
  });

  it.each([
    ['retry: 3', '`retry` must be a map, not a number', 'Write `retry: { max_attempts: 3 }`.'],
    ['repeat: {}', '`max` is missing', 'Every loop has a bound: say how many rounds'],
    ['on_failure: continue', '`on_failure` must be fail, skip or retry', 'Write one of these.'],
    ['on_failure: skp', '`on_failure` must be fail, skip or retry', 'Did you mean `skip`?'],
    ['next: b', 'there is no field `next` in a task', 'in its `dependencies`, or write an edge'],
    ['repeat: { max: 3, until: output.ok }', 'there is no name `output`', '`build.output`'],
  ])('say what to write in the place of %s', (field, message, hint) => {
    const [problem] = problemsOf(`  - { id: a, agent: e, ${field} }\n`, 'name: x\ninputs: {}\n');
    expect(problem).toMatchObject({ message, hint: expect.stringContaining(hint) });
  });

  it('name the fields of the part that a field stands in', () => {
    const hints = problemsOf(
      '  - { id: a, wait: { approval: { approvers: 3, escalateTo: b } } }\n  - { id: b, wait: { signal: c, timeout: 3 } }\n  - { id: c, wait: { approval: { quorum: 0 } } }\n',
      'name: x\nedges: [{ from: a, to: b, loop: { times: 3, max: 3 } }]\n',
    ).map(({ message, hint }) => `${message}: ${hint}`);
    expect(hints).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^there is no field `approvers` in `approval`: Known here: .*quorum/),
        'there is no field `escalateTo` in `approval`: Did you mean `escalate_to`?',
        'there is no field `times` in `loop`: Did you mean `max`?',
        expect.stringContaining('`signal: { name: papers, timeout: 1h }`'),
        expect.stringMatching(/^`quorum` must be 1 or more: /),
      ]),
    );
  });
});
