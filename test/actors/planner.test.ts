import { expect, it } from 'vitest';
import { Planner } from '../../src/actors/services/planner.ts';
import { MAX_SENT_TOKENS } from '../../src/workflow/limits.ts';

const planner = new Planner({ has: () => true, names: () => ['echo'] });
const start = { start: true, dryRun: false };

it('refuses a YAML text that would hold up everybody else, and takes the same workflow as JSON', () => {
  const tasks = Array.from({ length: MAX_SENT_TOKENS / 10 }, (_, number) => ({
    id: `t${number}`,
    agent: 'echo',
  }));
  // A text that keeps its last lines is read by the library, which takes long for large files.
  const yaml = `name: large\ndescription: >+\n  Kept.\ntasks:\n${tasks.map(({ id }) => `- { id: ${id}, agent: echo }\n`).join('')}`;
  expect(() => planner.plan({ ...start, workflow: yaml } as never)).toThrow(
    expect.objectContaining({
      code: 'workflow.invalid',
      details: expect.objectContaining({
        problems: [expect.objectContaining({ code: 'workflow.too-large' })],
      }),
    }),
  );
  const plain = yaml.replace('description: >+\n  Kept.\n', '');
  expect(planner.plan({ ...start, workflow: plain } as never).definition.tasks).toHaveLength(
    tasks.length,
  );
  const json = JSON.stringify({ name: 'large', tasks });
  const { definition } = planner.plan({ ...start, workflow: json } as never);
  expect(definition.tasks).toHaveLength(tasks.length);
});
