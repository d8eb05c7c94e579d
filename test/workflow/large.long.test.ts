/** Large workflows: 10,000 tasks are checked and analysed in a second on a quiet machine; here against floors of the same run. */
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { figuresOf, type RecordedWorkflow } from '../../src/workflow/import/recorded.ts';
import { readWfFormat } from '../../src/workflow/import/wfformat.ts';
import { compileWorkflow, parseWorkflow } from '../../src/workflow/parse.ts';
import { costOf } from '../support/cost.ts';

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

describe('a YAML file of 10,000 tasks', () => {
  it('is read, checked and analysed for less than what a YAML library takes to read it', () => {
    const source = largeWorkflow();
    let problems: unknown[] = [];
    const cost = costOf(() => {
      const result = parseWorkflow(source, { agents: ['echo'] });
      problems = result.problems.filter(({ severity }) => severity === 'error');
      expect(result.definition?.tasks).toHaveLength(TASKS);
    }, ROUNDS);
    const floor = costOf(() => parseDocument(source, { uniqueKeys: false }), ROUNDS);
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
    const plain = costOf(
      () => expect(compileWorkflow({ name: 'x', tasks }).problems).toEqual([]),
      ROUNDS,
    );
    const cost = costOf(
      () => expect(compileWorkflow({ name: 'x', tasks, edges }).problems).toEqual([]),
      ROUNDS,
    );
    expect(cost / plain, `${Math.round(cost)} ms, alone ${Math.round(plain)} ms`).toBeLessThan(6);
  }, 60_000);
});

/** Ten times as much costs ten times in proportion and a hundred times as the square. */
const MOST_FOR_TENFOLD = 40;

describe('20,000 tasks', () => {
  it('are read in proportion to their number, whatever they refer to', () => {
    const costFor = (count: number, rounds: number): number => {
      const tasks = Array.from({ length: count }, (_, index) => ({
        id: `t${index}`,
        agent: 'echo',
        dependencies: index < 2 ? [] : [`t${index - 1}`, `t${index - 2}`],
        parameters: {
          first: index < 2 ? '' : '${t0.output}',
          odd: index < 9 ? '' : `\${t${index - 7}.status}`,
        },
      }));
      return costOf(() => {
        expect(compileWorkflow({ name: 'x', tasks }).definition?.tasks).toHaveLength(count);
      }, rounds);
    };
    const [some, all] = [costFor(2_000, ROUNDS), costFor(20_000, 1)];
    expect(all / some, `${Math.round(all)} ms, a tenth ${Math.round(some)} ms`).toBeLessThan(
      MOST_FOR_TENFOLD,
    );
  });
});

describe('10,000 mistakes', () => {
  const tasks = Array.from({ length: TASKS }, (_, index) => `t${index}`);

  it.each<[string, (field: string) => string]>([
    [
      'yaml',
      (field) =>
        `name: x\ntasks:\n${tasks.map((id) => `  - { id: ${id}, ${field}: e }`).join('\n')}`,
    ],
    [
      'json',
      (field) => JSON.stringify({ name: 'x', tasks: tasks.map((id) => ({ id, [field]: 'e' })) }),
    ],
  ])('have their places in %s for little more than reading the file', (_format, sourceWith) => {
    const [right, wrong] = [sourceWith('agent'), sourceWith('agnet')];
    const floor = costOf(() => parseDocument(right, { uniqueKeys: false }), ROUNDS);
    const cost = costOf(() => {
      const { problems } = parseWorkflow(wrong);
      expect(problems).toHaveLength(501);
      expect(problems.at(-1)?.code).toBe('workflow.too-many-problems');
    }, ROUNDS);
    expect(cost / floor, `${Math.round(cost)} ms, floor ${Math.round(floor)} ms`).toBeLessThan(10);
  });
});

describe('100,000 recorded tasks', () => {
  it('are read in proportion to their number', () => {
    const costFor = (count: number, rounds: number): number => {
      const tasks = Array.from({ length: count }, (_, index) => ({
        id: `t${index}`,
        name: 't',
        parents: index === 0 ? [] : [`t${index - 1}`],
        children: [],
      }));
      const times = tasks.map(({ id }) => ({ id, runtimeInSeconds: 1 }));
      const text = JSON.stringify({
        name: 'x',
        schemaVersion: '1.5',
        workflow: {
          specification: { tasks },
          execution: { makespanInSeconds: 1, tasks: times },
        },
      });
      return costOf(() => {
        const { recorded } = readWfFormat(text);
        const figures = figuresOf(recorded as RecordedWorkflow);
        expect(figures).toMatchObject({ criticalPathSeconds: count, peak: 1 });
      }, rounds);
    };
    const [some, all] = [costFor(10_000, ROUNDS), costFor(100_000, 1)];
    expect(all / some, `${Math.round(all)} ms, a tenth ${Math.round(some)} ms`).toBeLessThan(
      MOST_FOR_TENFOLD,
    );
  });
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
    costOf(() => expect(compileWorkflow(workflow).definition).toBeDefined(), ROUNDS);

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
