/** Tasks that no agent does: they pass, and may give a value that they compute. */
import { describe, expect, it } from 'vitest';
import { defineWorkflow } from '../../src/workflow/define.ts';
import { agent, finish, workflow } from './play.ts';
import { expectSnapshotsToAgree, PureRun } from './pure-run.ts';

describe('a task that passes', () => {
  it('gives what `output` says, with the types of its values, and costs no attempt', async () => {
    const run = new PureRun(
      workflow(
        [
          agent('measure'),
          {
            id: 'area',
            pass: true,
            dependencies: ['measure'],
            output: {
              area: '${measure.output.w * 2}',
              note: 'w is ${measure.output.w}',
              fixed: [1],
            },
          },
          { id: 'plain', pass: true, output: '${area.output.area + 1}', dependencies: ['area'] },
        ],
        { outputs: { all: '${area.output}', plain: '${plain.output}' } },
      ),
    );
    expect(run.succeed('measure', { w: 4 })).toEqual([
      'task.succeeded measure',
      'task.scheduled area',
      'task.succeeded area',
      'task.scheduled plain',
      'task.succeeded plain',
      'run.succeeded',
    ]);
    expect(run.report().output).toEqual({
      all: { area: 8, note: 'w is 4', fixed: [1] },
      plain: 9,
    });
    expect(run.report().tasks['area']).toMatchObject({ status: 'success', attempts: 1 });
    await expectSnapshotsToAgree(run.history);
  });

  it('is written in TypeScript with the same fields', () => {
    const definition = defineWorkflow({
      name: 'typed',
      inputs: { w: { type: 'integer', default: 3 } },
      tasks: [{ id: 'area', pass: true, output: { area: '${inputs.w * 2}' } }],
    });
    expect(definition.tasks[0]).toMatchObject({ pass: true, output: { area: '${inputs.w * 2}' } });
  });

  it('without `output` gives null', () => {
    const run = new PureRun(workflow([{ id: 'a', pass: true }]));
    expect(run.last('task.succeeded').output).toBeNull();
  });

  it('fails where its value cannot be computed; another task may handle that', () => {
    const value = { id: 'value', pass: true, dependencies: ['a'], output: '${a.output.missing}' };
    const failing = new PureRun(workflow([agent('a'), value]));
    failing.succeed('a', {});
    expect(failing.report()).toMatchObject({
      status: 'failed',
      error: { code: 'expression.failed' },
    });
    const otherwise = agent('otherwise', { dependencies: ['value'], trigger: 'one_failed' });
    const handled = new PureRun(workflow([agent('a'), value, otherwise]));
    handled.succeed('a', {});
    handled.succeed('otherwise');
    expect(handled.state).toBe('succeeded');
  });

  it('repeats with the value of the round before', () => {
    const sum = {
      id: 'sum',
      pass: true,
      output: '${default(sum.output, 0) + round}',
      repeat: { until: 'sum.output >= 10', max: 9 },
    };
    const run = new PureRun(workflow([sum, agent('b', { dependencies: ['sum'] })]));
    expect(run.report().tasks['sum']).toMatchObject({ output: 10, rounds: 4 });
    finish(run);
  });

  it('waits for what is not at hand, as every expression does', () => {
    const large = Array.from({ length: 5_000 }, (_, index) => index);
    const run = new PureRun(
      workflow([
        agent('a'),
        { id: 'size', pass: true, dependencies: ['a'], output: '${size(a.output)}' },
      ]),
    );
    run.succeed('a', large);
    expect(run.report().tasks['size']?.output).toBe(5_000);
  });
});
