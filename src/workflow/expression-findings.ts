/** The words of what expressions may get wrong about tasks. */
import type { Finding } from './problems.ts';

/** A part of a text at a path. */
export type Spot = Pick<Finding, 'path' | 'text' | 'offset' | 'length'>;

/** More instances are wanted than there are. */
export function impossibleJoin(index: number, count: number, instances: number): Finding {
  return {
    code: 'workflow.impossible-join',
    message: `\`join\` wants ${count} instances and there are ${instances}`,
    hint: 'Lower `count`, or lengthen the list.',
    path: ['tasks', index, 'join', 'count'],
  };
}

/** What never runs has no output: the run would fail when its outputs are put together. */
export function outputOfNone(id: string, spot: Spot): Finding {
  return {
    code: 'workflow.no-output',
    message: `\`outputs\` names the output of \`${id}\`, which can never run`,
    hint: `Write \`default(${id}.output, null)\`, or name another task.`,
    ...spot,
  };
}

/** Whoever comes after a detached task does not wait for what it gives. */
export function outputOfDetached(id: string, spot: Spot): Finding {
  return {
    code: 'workflow.no-output',
    message: `the output of \`${id}\` is not there yet: with \`detach\` nobody waits for its instances`,
    hint: 'Remove `detach`, or name it in the `outputs` of the run.',
    ...spot,
  };
}

/** A task of a hook that comes later, or of another list. */
export function runsLater(id: string, spot: Spot): Finding {
  return {
    code: 'workflow.not-a-dependency',
    message: `\`${id}\` has not run by then`,
    hint: 'Tasks see the hooks of `on_start`; hooks see what runs before them.',
    ...spot,
  };
}

/** A task names one that it does not wait for, or itself before it has run. */
export function notBefore(id: string, task: string, spot: Spot): Finding {
  const isSelf = id === task;
  return {
    code: 'workflow.not-a-dependency',
    message: isSelf
      ? `\`${id}\` names itself before it has run`
      : `\`${task}\` names \`${id}\`, which it does not wait for`,
    hint: isSelf
      ? 'Name the tasks before it.'
      : `Add \`${id}\` to the dependencies of \`${task}\`.`,
    ...spot,
  };
}
