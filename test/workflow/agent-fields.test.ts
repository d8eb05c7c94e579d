/** `limit` of a task: the key of a limit, for tasks that agents do. */
import { describe, expect, it } from 'vitest';
import { compileWorkflow } from '../../src/workflow/parse.ts';

const problemsOf = (task: Record<string, unknown>) =>
  compileWorkflow({ name: 'w', tasks: [{ id: 'a', ...task }] } as never).problems.map(
    ({ code, path }) => `${code} ${String(path)}`,
  );

describe('the limit of a task', () => {
  it('is a key', () => {
    const { definition, problems } = compileWorkflow({
      name: 'w',
      tasks: [{ id: 'a', agent: 'echo', limit: 'github' }],
    });
    expect(problems).toEqual([]);
    expect(definition?.tasks[0]?.limit).toBe('github');
  });

  it('is refused where no agent does the task, and where it is no name', () => {
    expect(problemsOf({ wait: { timer: 1 }, limit: 'k' })).toEqual([
      expect.stringContaining('workflow.needs-agent'),
    ]);
    expect(problemsOf({ agent: 'echo', limit: 'not a name' })).toHaveLength(1);
  });
});
