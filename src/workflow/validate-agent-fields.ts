/** Fields of a task that say something about its agents: they mean nothing where no agent does it. */
import type { TaskDefinition } from './definition.ts';
import type { Findings } from './problems.ts';

const HINTS = {
  fallback: 'Let a task with `trigger: one_failed` do the work instead.',
  limit: 'Limits count attempts of agents; give it to the tasks that have one.',
} as const;

export function checkAgentFields(index: number, task: TaskDefinition, findings: Findings): void {
  if (task.agent !== undefined || task.capability !== undefined) return;
  for (const field of ['fallback', 'limit'] as const) {
    if (task[field] === undefined) continue;
    findings.add({
      code: 'workflow.needs-agent',
      message: `\`${field}\` has a meaning only beside \`agent\` or \`capability\``,
      hint: HINTS[field],
      path: ['tasks', index, field],
      atKey: true,
    });
  }
}
