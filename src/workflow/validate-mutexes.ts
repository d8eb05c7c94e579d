/**
 * Regions and mutexes that could wait for each other for ever. Tasks alone cannot: they take all their mutexes at once.
 * A region holds its mutexes while its members come and go, so four things can lock:
 *
 * D1 a member that wants a mutex of its own region once more;
 * D2 a member that depends on a task outside, which needs what the region holds;
 * D3 regions that wait for what the next of them holds, in a ring: in a member, or in a task that a member waits for;
 * D4 a loop that leads back, while the region is held, to a task outside which needs what it holds.
 */
import { CertainOrder } from './certain-order.ts';
import type { Findings } from './problems.ts';
import type { SteeringScope } from './validate-steering.ts';

/** Pairs of tasks that are compared for one definition. */
const MAX_COMPARED = 200_000;

interface Region {
  readonly name: string;
  readonly mutexes: ReadonlySet<string>;
  readonly members: readonly number[];
}

interface LockScope extends SteeringScope {
  readonly certain: CertainOrder;
  readonly holders: ReadonlyMap<string, readonly Region[]>;
}

export function checkDeadlocks(steering: SteeringScope, findings: Findings): void {
  const { definition, members } = steering;
  const regions: Region[] = [];
  for (const [name, { mutex }] of Object.entries(definition.regions ?? {})) {
    const of = members.get(name);
    if (mutex !== undefined && of !== undefined)
      regions.push({ name, mutexes: new Set(mutex), members: of });
  }
  if (regions.length === 0) return;
  const holders = new Map<string, Region[]>();
  for (const region of regions) {
    for (const mutex of region.mutexes) {
      const list = holders.get(mutex);
      if (list === undefined) holders.set(mutex, [region]);
      else list.push(region);
    }
  }
  const scope: LockScope = { ...steering, certain: new CertainOrder(steering), holders };
  checkOwn(scope, regions, findings);
  checkOutside(scope, findings);
  checkRings({ ...scope, regions }, findings);
  checkLoops(scope, findings);
}

/** D1 */
function checkOwn(
  { definition }: SteeringScope,
  regions: readonly Region[],
  findings: Findings,
): void {
  for (const { name, mutexes, members } of regions) {
    for (const index of members) {
      const task = definition.tasks[index];
      const twice = task?.mutex?.find((mutex) => mutexes.has(mutex));
      if (task === undefined || twice === undefined) continue;
      findings.add({
        code: 'workflow.deadlock',
        message: `\`${task.id}\` would wait for ever: its region \`${name}\` holds \`${twice}\` already`,
        hint: 'Remove the mutex of the task, or give it another name.',
        path: ['tasks', index, 'mutex'],
      });
    }
  }
}

/** The mutexes that a task needs in order to begin, those of its region included. */
function neededBy({ definition }: SteeringScope, index: number): readonly string[] {
  const task = definition.tasks[index];
  const ofRegion =
    task?.region === undefined ? undefined : definition.regions?.[task.region]?.mutex;
  return [...(task?.mutex ?? []), ...(ofRegion ?? [])];
}

/** D2 */
function checkOutside(scope: LockScope, findings: Findings): void {
  const { definition, holders } = scope;
  let left = MAX_COMPARED;
  for (const [index, task] of definition.tasks.entries()) {
    for (const mutex of neededBy(scope, index)) {
      for (const region of holders.get(mutex) ?? []) {
        left -= region.members.length;
        if (region.name === task.region || left < 0) continue;
        const { first, waiting } = waitInside(scope, region, index) ?? {};
        if (first === undefined || waiting === undefined) continue;
        const idOf = (member: number) => `\`${definition.tasks[member]?.id}\``;
        findings.add({
          code: 'workflow.deadlock',
          message: `${idOf(index)} can wait for ever: ${idOf(first)} takes \`${mutex}\` for the region \`${region.name}\`, which then waits in ${idOf(waiting)} for ${idOf(index)}`,
          hint: `Put \`${task.id}\` into the region, or let all its tasks come after it.`,
          path: task.mutex?.includes(mutex) === true ? ['tasks', index, 'mutex'] : ['tasks', index],
        });
      }
    }
  }
}

/** A member that can take the region's mutexes before a task outside has ended, and another one that waits for that task. */
function waitInside(
  { comesBefore, certain }: LockScope,
  { members }: Region,
  index: number,
): { first: number; waiting: number } | undefined {
  const behind = members.filter((member) => comesBefore(index, member));
  if (behind.length === 0) return undefined;
  const first = members.find((member) => !certain.hasEnded(index, member));
  // What begins early and is all that comes behind waits for nobody any more.
  const waiting = behind.find((member) => member !== first);
  return first === undefined || waiting === undefined ? undefined : { first, waiting };
}

/** D4 */
function checkLoops(scope: LockScope, findings: Findings): void {
  const { definition, holders, graph } = scope;
  let left = MAX_COMPARED;
  for (const { edge, from, to } of definition.loops ?? []) {
    const end = graph.indexOf.get(from) ?? -1;
    const start = graph.indexOf.get(to) ?? -1;
    for (const [index, task] of definition.tasks.entries()) {
      for (const mutex of neededBy(scope, index)) {
        for (const region of holders.get(mutex) ?? []) {
          left -= region.members.length;
          if (region.name === task.region || left < 0) continue;
          const isAgain =
            (index === start || scope.comesBefore(start, index)) && scope.comesBefore(index, end);
          if (!isAgain || !isHeldAt(scope, region, end)) continue;
          findings.add({
            code: 'workflow.deadlock',
            message: `\`${task.id}\` can wait for ever: the loop from \`${from}\` leads back to it while the region \`${region.name}\` holds \`${mutex}\``,
            hint: `Put \`${task.id}\` into the region, or let the loop begin behind its last task.`,
            path: ['edges', edge, 'loop'],
            atKey: true,
          });
        }
      }
    }
  }
}

/** When a task ends with another time round, one of the region has begun and not all have ended. */
function isHeldAt(scope: LockScope, { members }: Region, end: number): boolean {
  if (members.every((member) => scope.certain.hasEnded(member, end))) return false;
  return members.some((member) => member === end || scope.comesBefore(member, end));
}

/** D3 */
function checkRings(scope: LockScope & { regions: readonly Region[] }, findings: Findings): void {
  const edges = edgesOf(scope);
  const done = new Set<Region>();
  for (const start of scope.regions) {
    const ring = done.has(start) ? undefined : ringFrom(start, edges, done);
    if (ring === undefined || !canCoincide(scope, ring)) continue;
    const [first] = ring;
    const steps = ring.map(({ from, to, member, mutex }) => {
      const task = scope.definition.tasks[member];
      const who =
        task?.region === from.name
          ? `\`${task.id}\` of \`${from.name}\``
          : `\`${task?.id}\`, which \`${from.name}\` waits for,`;
      return `${who} wants \`${mutex}\` of \`${to.name}\``;
    });
    findings.add({
      code: 'workflow.deadlock',
      message: `regions can wait for each other for ever: ${steps.join(', ')}`,
      hint: 'Let every region take its mutexes in the same order, or list them all under `regions`.',
      path: ['tasks', first?.member ?? 0, ...(first?.isOwn === true ? ['mutex'] : [])],
    });
  }
}

/** One region waits for what another one holds, in a member or in a task that a member waits for. */
interface Edge {
  readonly from: Region;
  readonly to: Region;
  readonly member: number;
  readonly mutex: string;
  /** The mutex is the task's own, not that of its region. */
  readonly isOwn: boolean;
}

function edgesOf(scope: LockScope & { regions: readonly Region[] }): Map<Region, Edge[]> {
  const { definition, holders, regions } = scope;
  const wanting = [...definition.tasks.keys()].filter((index) =>
    neededBy(scope, index).some((mutex) => holders.has(mutex)),
  );
  const edges = new Map<Region, Edge[]>();
  let left = MAX_COMPARED;
  for (const from of regions) {
    const list = from.members.flatMap((member) =>
      edgesThrough(scope, { from, member, mutexes: definition.tasks[member]?.mutex ?? [] }),
    );
    for (const member of wanting) {
      left -= from.members.length;
      if (left < 0) break;
      if (definition.tasks[member]?.region === from.name) continue;
      if (waitInside(scope, from, member) === undefined) continue;
      list.push(...edgesThrough(scope, { from, member, mutexes: neededBy(scope, member) }));
    }
    edges.set(from, list);
  }
  return edges;
}

/** Where a region waits in a task that wants these mutexes. Regions with a mutex in common do not meet. */
function edgesThrough(
  { definition, holders }: LockScope,
  { from, member, mutexes }: { from: Region; member: number; mutexes: readonly string[] },
): Edge[] {
  const task = definition.tasks[member];
  return mutexes.flatMap((mutex) =>
    (holders.get(mutex) ?? []).flatMap((to): Edge[] => {
      const isExclusive = [...from.mutexes].some((held) => to.mutexes.has(held));
      if (to === from || to.name === task?.region || isExclusive) return [];
      return [{ from, to, member, mutex, isOwn: task?.mutex?.includes(mutex) === true }];
    }),
  );
}

/** The first ring that a walk along the edges meets; regions that were looked at are `done`. */
function ringFrom(
  start: Region,
  edges: ReadonlyMap<Region, readonly Edge[]>,
  done: Set<Region>,
): Edge[] | undefined {
  const path: Edge[] = [];
  const onPath = new Map<Region, number>([[start, 0]]);
  const cursors = [0];
  for (let at: Region | undefined = start; at !== undefined; ) {
    const edge: Edge | undefined = edges.get(at)?.[cursors.at(-1) ?? 0];
    cursors[cursors.length - 1] = (cursors.at(-1) ?? 0) + 1;
    if (edge === undefined) {
      done.add(at);
      onPath.delete(at);
      cursors.pop();
      at = path.pop()?.from;
      continue;
    }
    const seen = onPath.get(edge.to);
    if (seen !== undefined) {
      for (const region of onPath.keys()) done.add(region);
      return [...path.slice(seen), edge];
    }
    if (done.has(edge.to)) continue;
    path.push(edge);
    onPath.set(edge.to, path.length);
    cursors.push(0);
    at = edge.to;
  }
  return undefined;
}

/** The tasks that would wait for each other can wait at the same time: none of them has ended when another begins. */
function canCoincide({ certain }: LockScope, ring: readonly Edge[]): boolean {
  return ring.every(({ member }) => ring.every((other) => !certain.hasEnded(member, other.member)));
}
