/** What the command `adapt` needs beside the run: the definition to move to, and who is there. */
import type { CommandMessage } from '../../messages/request.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { TroupeError } from '../../workflow/errors.ts';
import type { Planner } from './planner.ts';

/** The command says too little, or two things at once. */
class AdaptUnclear extends TroupeError {
  readonly code = 'message.invalid';
  constructor(given: readonly string[]) {
    super(
      given.length === 0
        ? 'the command adapt says nothing to change'
        : `the command adapt has ${given.join(' and ')}`,
      { hint: 'Send exactly one of `patch`, `workflow` and `undo`.', details: { given } },
    );
  }
}

/** Throws `message.invalid`, and `workflow.invalid` for a definition with problems. */
export function adaptationSources(
  command: Extract<CommandMessage, { type: 'adapt' }>,
  planner: Planner,
): { definition?: WorkflowDefinition; agents: readonly string[] } {
  const given = (['patch', 'workflow', 'undo'] as const).filter(
    (key) => command[key] !== undefined,
  );
  if (given.length !== 1) throw new AdaptUnclear(given);
  const agents = planner.agents();
  const { workflow } = command;
  return workflow === undefined ? { agents } : { agents, definition: planner.definition(workflow) };
}
