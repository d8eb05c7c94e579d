/** 10,000 tasks are checked and analysed in a second on a quiet machine; here against a floor of the same run. */
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { compileWorkflow, parseWorkflow } from '../../src/workflow/parse.ts';

const TASKS = 10_000;
const ROUNDS = 2;

/** A tree with cross-links, conditions, handlers, retries and expressions. */
function largeWorkflow(): string {
  const lines = ['name: large', 'inputs: { n: { type: integer, default: 1 } }', 'tasks:'];
  for (let index = 0; index < TASKS; index += 1) {
    const parent = ordinary(Math.floor((index - 1) / 2));
    const isHandler = index % 10 === 9;
    const others = index > 8 && !isHandler ? `, task-${ordinary(index - 2)}` : '';
    lines.push(`  - id: task-${index}`, '    agent: echo', `    description: Step ${index}`);
    if (index > 0) lines.push(`    dependencies: [task-${parent}${others}]`);
    if (isHandler) lines.push('    trigger: one_failed');
    if (index % 10 === 1) lines.push(`    condition: task-${parent}.output.n >= inputs.n`);
    if (index % 7 === 0) lines.push('    retry: { max_attempts: 3, delay: 1 }');
    lines.push('    parameters:', '      text: "of ${inputs.n}"', `      n: ${index}`);
  }
  return `${lines.join('\n')}\n`;
}

/** What handles a failure has no dependents here. */
function ordinary(index: number): number {
  return index % 10 === 9 ? index - 1 : index;
}

/** Milliseconds of this process's own work, the least of some rounds: other work on the machine counts little. */
function costOf(work: () => unknown): number {
  const costs = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}

describe('a YAML file of 10,000 tasks', () => {
  it('is read, checked and analysed for less than what a YAML library takes to read it', () => {
    const source = largeWorkflow();
    let problems: unknown[] = [];
    const cost = costOf(() => {
      const result = parseWorkflow(source, { agents: ['echo'] });
      problems = result.problems.filter(({ severity }) => severity === 'error');
      expect(result.definition?.tasks).toHaveLength(TASKS);
    });
    const floor = costOf(() => parseDocument(source, { uniqueKeys: false }));
    expect(problems).toEqual([]);
    expect(cost / floor, `${Math.round(cost)} ms, floor ${Math.round(floor)} ms`).toBeLessThan(1);
  }, 120_000);
});

describe('a long chain', () => {
  it('that ends with a child run is checked without recursion', () => {
    const tasks = Array.from({ length: 20_000 }, (_, index) => ({
      id: `t${index}`,
      ...(index === 19_999 ? { workflow: 'child' } : { agent: 'echo' }),
      dependencies: index === 0 ? [] : [`t${index - 1}`],
    }));
    const child = { name: 'child', tasks: [{ id: 'a', agent: 'echo' }] };
    const { problems } = compileWorkflow({ name: 'x', tasks, workflows: { child } });
    expect(problems).toEqual([]);
  });
});

describe('a long chain with 2,000 edges that lead back', () => {
  it('is checked for little more than the chain alone', () => {
    const tasks = Array.from({ length: TASKS }, (_, index) => ({
      id: `t${index}`,
      agent: 'echo',
      dependencies: index === 0 ? [] : [`t${index - 1}`],
    }));
    const edges = Array.from({ length: 2_000 }, (_, index) => ({
      from: `t${TASKS - 1 - index}`,
      to: `t${index}`,
      condition: `t${TASKS - 1 - index}.output.more`,
      loop: { max: 2 },
    }));
    const plain = costOf(() => expect(compileWorkflow({ name: 'x', tasks }).problems).toEqual([]));
    const cost = costOf(() =>
      expect(compileWorkflow({ name: 'x', tasks, edges }).problems).toEqual([]),
    );
    expect(cost / plain, `${Math.round(cost)} ms, alone ${Math.round(plain)} ms`).toBeLessThan(6);
  }, 60_000);
});

describe('what would be searched for task by task', () => {
  const chain = (more: (index: number) => object): object[] =>
    Array.from({ length: TASKS }, (_, index) => ({
      id: `t${index}`,
      ...(index === 0 ? {} : { dependencies: [`t${index - 1}`] }),
      ...more(index),
    }));
  const echo = { agent: 'echo' };
  const costOfChecking = (workflow: object): number =>
    costOf(() => expect(compileWorkflow(workflow).definition).toBeDefined());

  it('costs little more than a plain chain: what hangs behind a wait, references into loops', () => {
    const plain = costOfChecking({ name: 'x', tasks: chain(() => echo) });
    const behindWait = chain((index) => (index === 0 ? { wait: { signal: 's' } } : echo));
    const waits = costOfChecking({ name: 'x', tasks: behindWait });
    // Each names the last task of its loop.
    const ahead = (index: number): string => `t${index - (index % 5) + 4}`;
    const tasks = chain((index) => ({
      ...echo,
      parameters: { before: `\${default(${ahead(index)}.output, null)}` },
    }));
    const edges = Array.from({ length: TASKS / 5 }, (_, at) => ({
      from: `t${at * 5 + 4}`,
      to: `t${at * 5}`,
      condition: `t${at * 5 + 4}.output.more`,
      loop: { max: 2 },
    }));
    const loops = costOfChecking({ name: 'x', tasks, edges });
    const told = `plain ${Math.round(plain)} ms, ${Math.round(waits)} ms, ${Math.round(loops)} ms`;
    expect(waits / plain, told).toBeLessThan(4);
    expect(loops / plain, told).toBeLessThan(10);
  }, 120_000);
});
