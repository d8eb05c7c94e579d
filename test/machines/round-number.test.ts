/** The number of a round in expressions: folded from the activation, the same however the run is told again. */
import { describe, expect, it } from 'vitest';
import { compileWorkflow } from '../../src/workflow/parse.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { agent, finish, workflow } from './play.ts';
import { PureRun } from './pure-run.ts';

/** The parameters of every attempt, in order. */
function given(run: PureRun): unknown[] {
  return run.history.flatMap(({ event }) =>
    event.type === 'task.started' ? [event.data.parameters] : [],
  );
}

const parameters = { n: '${round}' };

describe('`round`', () => {
  it('counts the rounds of a repeat, in parameters, while and until', () => {
    const repeat = { while: 'round <= 9', until: 'round == 3', max: 5 };
    const run = new PureRun(workflow([agent('a', { parameters, repeat })]));
    expect(finish(run)).toEqual(['a', 'a@2', 'a@3']);
    expect(given(run)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(run.state).toBe('succeeded');
  });

  it('counts the times through a loop, in every task of it, its conditions and its edge', () => {
    const run = new PureRun(
      workflow(
        [
          agent('a', { parameters }),
          agent('b', { dependencies: ['a'], condition: 'round != 2', trigger: 'all_done' }),
          agent('c', { dependencies: ['b'], parameters, trigger: 'all_done' }),
        ],
        { edges: [{ from: 'c', to: 'a', condition: 'round < 3', loop: { max: 9 } }] },
      ),
    );
    expect(finish(run)).toEqual(['a', 'b', 'c', 'a@2', 'c@2', 'a@3', 'b@3', 'c@3']);
    expect(run.state).toBe('succeeded');
  });

  it('is that of the whole task in an instance, a wait and a compensation', () => {
    const each = new PureRun(
      workflow([
        agent('a', {
          foreach: '${range(round)}',
          as: 'one',
          parameters: { n: '${round}', one: '${one}' },
          repeat: { max: 2 },
        }),
      ]),
    );
    finish(each);
    expect(given(each)).toEqual([
      { n: 1, one: 0 },
      { n: 2, one: 0 },
      { n: 2, one: 1 },
    ]);
    const wait = { approval: { message: 'Round ${round}?' } };
    const asks = new PureRun(workflow([{ id: 'a', wait, repeat: { max: 2 } }]));
    asks.command({ type: 'approve', task: 'a', by: 'ann' });
    expect(asks.last('task.waiting').details).toMatchObject({ message: 'Round 2?' });
  });

  it('of an attempt that is tried again is the same', () => {
    const retry = { max_attempts: 2, delay: 0 };
    const run = new PureRun(workflow([agent('a', { parameters, retry, repeat: { max: 2 } })]));
    run.succeed('a');
    run.fail('a@2');
    expect(given(run)).toEqual([{ n: 1 }, { n: 2 }, { n: 2 }]);
    finish(run);
  });

  it('is what the file says where an input, a variable or a task has that name', () => {
    const repeat = { max: 1 };
    const inputs = { round: { type: 'string', default: 'first' } };
    const input = new PureRun(workflow([agent('a', { parameters, repeat })], { inputs }));
    expect(given(input)).toEqual([{ n: 'first' }]);
    const context = { variables: { round: 'square' } };
    const variable = new PureRun(workflow([agent('a', { parameters, repeat })], { context }));
    expect(given(variable)).toEqual([{ n: 'square' }]);
    const task = agent('b', { dependencies: ['round'], parameters: { n: '${round.output}' } });
    const named = new PureRun(workflow([agent('round'), { ...task, repeat }]));
    finish(named, () => 7);
    expect(given(named)).toEqual([{}, { n: 7 }]);
  });
});

describe('`round` outside of a loop', () => {
  const problemsOf = (source: JsonObject) =>
    compileWorkflow(source).problems.map(({ code, message, hint }) => ({ code, message, hint }));

  it('is a problem that says where it exists', () => {
    const source = {
      name: 'x',
      inputs: {},
      tasks: [
        { id: 'a', agent: 'echo', repeat: { max: 2 } },
        { id: 'b', agent: 'echo', dependencies: ['a'], parameters },
      ],
    };
    expect(problemsOf(source)).toEqual([
      {
        code: 'workflow.needs-loop',
        message: '`round` is the number of a round, and this is in no loop',
        hint: expect.stringContaining('`repeat`') as string,
      },
    ]);
  });

  it('is one also in outputs, in a file without loops, and where free names are inputs', () => {
    const tasks = [{ id: 'a', agent: 'echo', repeat: { max: 2 } }];
    expect(problemsOf({ name: 'x', tasks, outputs: { n: '${round}' } })[0]?.code).toBe(
      'workflow.needs-loop',
    );
    const plain = [{ id: 'a', agent: 'echo', parameters }];
    expect(problemsOf({ name: 'x', inputs: {}, tasks: plain })[0]?.code).toBe(
      'workflow.needs-loop',
    );
  });

  it('is still a free input in a file that has neither loops nor inputs', () => {
    const tasks = [{ id: 'a', agent: 'echo', parameters }];
    const { definition, problems } = compileWorkflow({ name: 'x', tasks });
    expect(problems.map(({ code }) => code)).toEqual(['workflow.free-name']);
    expect(definition?.inputs['round']).toEqual({ type: 'string', required: true });
  });
});
