/** Named points of a run, to look at or to go back to (`replay --at <name>`). */
import { event } from '../../events/catalogue.ts';
import type { CommandMessage } from '../../messages/request.ts';
import type { RunAggregate } from './aggregate.ts';
import { conflict, type Decision, events } from './decision.ts';

/** Checkpoints of one run. */
const MAX_CHECKPOINTS = 1_000;

/** A name is given once, so that it means one point for ever. Without one it is named after its version. */
export function decideCheckpoint(
  run: RunAggregate,
  { name }: Extract<CommandMessage, { type: 'checkpoint' }>,
): Decision {
  const label = name ?? `checkpoint-${run.streamVersion + 1}`;
  const known = run.checkpoints.get(label);
  if (known !== undefined) {
    return conflict(
      `the run has a checkpoint "${label}" already, at version ${known}`,
      'Choose another name.',
      { checkpoint: label, streamVersion: known },
    );
  }
  if (run.checkpoints.size >= MAX_CHECKPOINTS) {
    return conflict(
      `the run has ${MAX_CHECKPOINTS} checkpoints`,
      'Use versions: `replay --at` takes them as well.',
      { checkpoints: run.checkpoints.size },
    );
  }
  return events(event('run.checkpointed', { label }));
}
