/** What steers a task beside its trigger and condition, as short lines for pictures. Pure. */
import type { LoopDefinition, TaskDefinition } from '../../workflow/definition.ts';
import { brief, duration } from './format.ts';

const MAX_NOTE = 60;

/** Rounds, threads, exclusion and what its success does to others; of the edges that lead back, those from it. */
export function flowNotes(task: TaskDefinition, loops: readonly LoopDefinition[]): string[] {
  const { emit, mutex, region, milestone, cancel, complete, end } = task;
  return [
    ...repeatNotes(task),
    ...loops.filter(({ from }) => from === task.id).map(loopNote),
    ...(emit === undefined || emit === 1 ? [] : [`goes on as ${emit} threads`]),
    ...(task.detach === true ? ['nobody waits for its instances'] : []),
    ...(region === undefined ? [] : [`in region ${region}`]),
    ...(mutex === undefined ? [] : [`one at a time: ${mutex.join(', ')}`]),
    ...(milestone === undefined ? [] : [`until ${milestone.until} starts`]),
    ...(cancel === undefined
      ? []
      : [`cancels ${cancel === 'run' ? 'the run' : cancel.join(', ')}`]),
    ...(complete === undefined ? [] : [`completes ${complete.join(', ')}`]),
    ...(end === undefined ? [] : ['ends the run']),
  ].map((note) => brief(note, MAX_NOTE));
}

function repeatNotes({ repeat }: TaskDefinition): string[] {
  if (repeat === undefined) return [];
  return [
    `up to ${repeat.max} rounds`,
    ...(repeat.while === undefined ? [] : [`while ${repeat.while}`]),
    ...(repeat.until === undefined ? [] : [`until ${repeat.until}`]),
    ...(repeat.delayMs === undefined ? [] : [`${duration(repeat.delayMs)} between two rounds`]),
  ];
}

function loopNote({ to, max, condition }: LoopDefinition): string {
  const often = max === 1 ? 'once' : `up to ${max} times`;
  return `back to ${to} ${often}${condition === undefined ? '' : ` if ${condition}`}`;
}
