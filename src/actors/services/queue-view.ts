/**
 * What waits for a slot, a token or a worker, and why: the query `queue`, and what a report says of a task that is ready.
 * It reads the admission's memory and changes nothing.
 */
import { type Activation, type RunAggregate, runState } from '../../machines/run/aggregate.ts';
import { mayStartChildren } from '../../machines/run/decide.ts';
import { demandOfActivation } from '../../machines/run/evolve-task.ts';
import type { QueryReply } from '../../messages/request.ts';
import { parseDemand } from '../../policies/demand.ts';
import type { JsonObject } from '../../workflow/value.ts';
import type { Admission } from './admission.ts';
import type { LiveRuns } from './live-runs.ts';
import type { Ticket } from './share-queue.ts';

/** Runs that a document names; the others are counted. */
const MAX_NAMED = 100;

/** Why a task that is ready has not begun; undefined where its run holds it back, or its turn is now. */
export function whyItWaits(
  admission: Admission,
  run: RunAggregate,
  activation: Activation,
): JsonObject | undefined {
  if (activation.state !== 'scheduled' || !mayStartChildren(run)) return undefined;
  const demand = demandOfActivation(activation);
  if (demand === undefined) return undefined;
  const { maxParallel } = run.plan.definition.settings;
  if (run.slots >= maxParallel || run.exclusiveSlots > 0)
    return { kind: 'slot', of: 'run', name: run.header.runId, limit: maxParallel };
  return runState(run) === 'pending'
    ? undefined
    : (admission.obstacleOf(demand) as JsonObject | undefined);
}

/**
 * A document for the node, then one for each demand that somebody waits for, the longest waiting first: how many runs
 * wait, of which priorities, since when, and what for.
 */
export function queueReply(parts: {
  admission: Admission;
  liveRuns: LiveRuns;
  position: number;
}): QueryReply {
  const { admission, liveRuns, position } = parts;
  const lines = admission
    .lines()
    .filter(({ tickets }) => tickets.length > 0)
    .map(({ demand, tickets }) => ({ demand, tickets, since: firstOf(tickets) }))
    .sort((a, b) => a.since - b.since);
  const node = {
    inHand: admission.total,
    limit: admission.nodeLimit,
    waiting: admission.waiting,
    queuedTasks: liveRuns.queued.total,
    liveRuns: liveRuns.size,
    liveRunsLimit: liveRuns.limit,
    limits: admission.limits as unknown as JsonObject,
  };
  return {
    documents: [
      { key: 'node', document: node },
      ...lines.map(({ demand, tickets, since }) => ({
        key: demand.replace('\n', ' '),
        document: documentOf(admission, { demand, tickets, since }),
      })),
    ],
    position,
  };
}

function documentOf(
  admission: Admission,
  { demand, tickets, since }: { demand: string; tickets: readonly Ticket[]; since: number },
): JsonObject {
  const { by, name, limit } = parseDemand(demand);
  const priorities: Record<string, number> = { urgent: 0, high: 0, normal: 0, low: 0 };
  const sessions = new Set<string>();
  const tenants = new Set<string>();
  for (const { owner } of tickets) {
    priorities[owner.priority] = (priorities[owner.priority] ?? 0) + 1;
    sessions.add(`${owner.tenant ?? ''}\n${owner.session ?? ''}`);
    tenants.add(owner.tenant ?? '');
  }
  const obstacle = admission.obstacleOf(demand);
  return {
    by,
    name,
    limit: limit ?? null,
    waiting: tickets.length,
    priorities,
    tenants: tenants.size,
    sessions: sessions.size,
    since,
    waitsFor: (obstacle ?? null) as JsonObject | null,
    runs: tickets.slice(0, MAX_NAMED).map(({ stream, owner, since: from }) => ({
      runId: stream,
      workflow: owner.name,
      priority: owner.priority,
      tenant: owner.tenant ?? null,
      session: owner.session ?? null,
      since: from,
    })),
  };
}

function firstOf(tickets: readonly Ticket[]): number {
  return tickets.reduce((first, { since }) => Math.min(first, since), Infinity);
}
