/**
 * A workflow, or a run of one, as what a picture shows: nodes with a few lines of text, edges, groups. The same for
 * Mermaid, SVG and JSON. Pure.
 */
import type { RunReport, TaskReport } from '../../messages/report.ts';
import { triggerText } from '../../workflow/analysis/words.ts';
import {
  type HookName,
  hookTasksOf,
  type JoinDefinition,
  type LoopDefinition,
  type TaskDefinition,
  type Trigger,
  type WaitDefinition,
  type WorkflowDefinition,
} from '../../workflow/definition.ts';
import { neverRuns } from '../../workflow/drawing/never-runs.ts';
import { siblingGroups } from '../../workflow/drawing/siblings.ts';
import { buildGraph } from '../../workflow/graph.ts';
import { flowNotes } from './flow-notes.ts';
import { brief, duration } from './format.ts';
import { countsText, skipReason, statusText } from './words.ts';

/** How a node looks: `planned` before a run, `never` where no run starts it, `retrying` between two attempts. */
export type NodeStatus =
  | 'planned'
  | 'never'
  | 'pending'
  | 'retrying'
  | 'running'
  | 'waiting'
  | 'success'
  | 'failed'
  | 'skipped'
  | 'canceled';

/** Said beside the colour, so that a picture can be read without colours. */
export const symbols: Readonly<Record<NodeStatus, string>> = {
  planned: '',
  never: '∅',
  pending: '○',
  retrying: '↻',
  running: '◐',
  waiting: '◇',
  success: '✓',
  failed: '✗',
  skipped: '↷',
  canceled: '⊘',
};

export interface GraphNode {
  id: string;
  kind: 'agent' | 'foreach' | 'wait' | 'child' | 'pass';
  /** The hook that it is a task of. */
  hook?: HookName;
  /** `echo`, `capability review`, `timer 30 s`. */
  who: string;
  description?: string;
  status: NodeStatus;
  /** What the definition says beyond the ordinary, one short line each. */
  notes: string[];
  /** How it went, one short line each; empty before a run. */
  progress: string[];
  attempts?: number;
  durationMs?: number;
  errorCode?: string;
  /** Of a task that runs a workflow: the run of its last attempt. */
  runId?: string;
  /** Of a `foreach` task in a run: how many instances have which status. */
  instances?: Partial<Record<TaskReport['status'], number>>;
}

export interface GraphEdge {
  from: string;
  to: string;
  /** `needs`: it must succeed; `on_failure`: it must fail; `after`: another trigger of the dependent. */
  kind: 'needs' | 'on_failure' | 'after';
}

export interface GraphView {
  name: string;
  description?: string;
  runId?: string;
  /** Of the run. */
  status?: string;
  durationMs?: number;
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** Edges that lead back, to a task before them or to itself. */
  loops: { from: string; to: string }[];
  /** Ids of tasks that stand in the same place and are drawn together. */
  groups: string[][];
}

const MAX_NOTE = 60;

/** The picture of a definition; with a report, of that run at `now` (ms since the epoch). */
export function graphView(
  definition: WorkflowDefinition,
  run?: { report: RunReport; now: number },
): GraphView {
  const never = neverRuns(definition);
  const { loops = [] } = definition;
  const graph = buildGraph(definition.tasks);
  const drawn = [...definition.tasks, ...drawnHooks(definition, run?.report)];
  const nodes = drawn.map((task) => {
    const report = run?.report.tasks[task.id];
    const node = plannedNode(task, {
      never: run === undefined ? never.get(task.id) : undefined,
      loops,
    });
    return run === undefined ? node : { ...node, ...progressOf(report, run.now) };
  });
  const edges = drawn.flatMap((task) =>
    task.dependencies.map((from): GraphEdge => ({ from, to: task.id, kind: edgeKind(task) })),
  );
  const groups = siblingGroups(graph, (index) => JSON.stringify(definition.tasks[index]?.trigger));
  return {
    name: definition.name,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    ...(run === undefined
      ? {}
      : { runId: run.report.runId, status: run.report.status, durationMs: run.report.durationMs }),
    nodes,
    edges,
    loops: loops.map(({ from, to }) => ({ from, to })),
    groups: groups.map((group) => group.map((index) => nodes[index]?.id ?? '')),
  };
}

/** Before a run all of them, of a run those that have begun: what a run may never ask is no task of it. */
function drawnHooks(definition: WorkflowDefinition, report?: RunReport): TaskDefinition[] {
  const hooks = hookTasksOf(definition);
  return report === undefined ? hooks : hooks.filter(({ id }) => report.tasks[id] !== undefined);
}

/** The lines below a node's id. */
export function linesOf(node: GraphNode): string[] {
  return [node.who, ...node.notes, ...node.progress];
}

/** The id with its symbol. */
export function headingOf(node: GraphNode): string {
  const symbol = symbols[node.status];
  return symbol === '' ? node.id : `${symbol} ${node.id}`;
}

function edgeKind({ trigger }: TaskDefinition): GraphEdge['kind'] {
  if (trigger === 'one_failed') return 'on_failure';
  return trigger === 'all_success' ? 'needs' : 'after';
}

function plannedNode(
  task: TaskDefinition,
  { never, loops }: { never: string | undefined; loops: readonly LoopDefinition[] },
): GraphNode {
  return {
    id: task.id,
    kind: kindOf(task),
    ...(task.hook === undefined ? {} : { hook: task.hook }),
    who: whoOf(task),
    ...(task.description === undefined ? {} : { description: task.description }),
    status: never === undefined ? 'planned' : 'never',
    notes: [
      ...(task.hook === undefined ? [] : [`hook ${task.hook}`]),
      ...notesOf(task),
      ...flowNotes(task, loops),
      ...(never === undefined ? [] : [`never runs: ${never}`]),
    ],
    progress: [],
  };
}

function kindOf(task: TaskDefinition): GraphNode['kind'] {
  if (task.foreach !== undefined) return 'foreach';
  if (task.workflow !== undefined) return 'child';
  if (task.pass === true) return 'pass';
  return task.wait === undefined ? 'agent' : 'wait';
}

function whoOf(task: TaskDefinition): string {
  const { wait } = task;
  if (wait !== undefined) return waitText(wait);
  if (task.workflow !== undefined) return `workflow ${task.workflow.name}`;
  if (task.pass === true) return 'pass';
  if (task.agent !== undefined) return task.agent;
  return `capability ${task.capability ?? ''}`;
}

function waitText(wait: WaitDefinition): string {
  switch (wait.kind) {
    case 'timer': {
      const length = wait.duration;
      return `waits ${typeof length === 'number' ? duration(length) : brief(length, MAX_NOTE)}`;
    }
    case 'signal':
      return `waits for signal ${wait.name}`;
    case 'approval':
      return `waits for approval${wait.group === undefined ? '' : ` by ${wait.group}`}`;
    case 'first':
      return `waits for the first of ${Object.keys(wait.of).join(', ')}`;
  }
}

/** In the words of the file, as problems name it. */
function triggerNote(trigger: Trigger): string {
  const note = `trigger ${triggerText(trigger).replaceAll('`', '')}`;
  if (typeof trigger === 'string' || 'merge' in trigger) return note;
  const rest = trigger.rest === 'cancel' ? ', the rest is canceled' : '';
  return `${note}${rest}${trigger.block === true ? ', round by round' : ''}`;
}

function restText({ rest }: JoinDefinition): string {
  if (rest === 'detach') return ', the rest goes on';
  return rest === 'cancel' ? ', the rest is canceled' : '';
}

function notesOf(task: TaskDefinition): string[] {
  const { trigger, retry, join } = task;
  const notes: string[] = [];
  if (task.foreach !== undefined) {
    const items = Array.isArray(task.foreach)
      ? `${task.foreach.length} items`
      : brief(task.foreach, MAX_NOTE);
    const isEmpty = Array.isArray(task.foreach) && task.foreach.length === 0;
    const from = task.feed === undefined || !isEmpty ? [`in ${items}`] : [];
    const fed = task.feed === undefined ? [] : [`by signal ${task.feed}`];
    notes.push(`for each ${task.as ?? 'item'} ${[...from, ...fed].join(' and ')}`);
  }
  if (join?.count !== undefined)
    notes.push(
      `enough: ${join.count < 1 ? `${join.count * 100} %` : join.count} succeeded${restText(join)}`,
    );
  if (join?.until !== undefined)
    notes.push(brief(`enough: ${join.until}${restText(join)}`, MAX_NOTE));
  if (task.condition !== undefined) notes.push(`if ${brief(task.condition, MAX_NOTE)}`);
  if (trigger !== 'all_success') notes.push(triggerNote(trigger));
  if (retry !== undefined) notes.push(`up to ${retry.maxAttempts} attempts`);
  if (task.timeoutMs !== undefined) notes.push(`timeout ${duration(task.timeoutMs)}`);
  if (task.onFailure === 'skip') notes.push('on failure: skip');
  if (!task.parallel) notes.push('runs alone');
  return notes;
}

type Progress = Pick<
  GraphNode,
  'status' | 'progress' | 'attempts' | 'durationMs' | 'errorCode' | 'instances' | 'runId'
>;

function progressOf(report: TaskReport | undefined, now: number): Progress {
  if (report === undefined) return { status: 'pending', progress: ['pending'] };
  const { startedAt, attempts, error, reason, runId } = report;
  const status = report.status === 'pending' && attempts > 0 ? 'retrying' : report.status;
  const isOver = report.endedAt !== undefined || status === 'running' || status === 'waiting';
  const took =
    startedAt === undefined || !isOver
      ? undefined
      : (report.workMs ?? (report.endedAt ?? now) - startedAt);
  const line = [
    statusText(report, withReason(status, reason)),
    took === undefined ? '' : duration(Math.max(0, took)),
    attempts > 1 ? `${attempts} attempts` : '',
  ];
  const instances = report.instances === undefined ? undefined : countsOf(report.instances);
  return {
    status,
    progress: [
      line.filter((part) => part !== '').join(', '),
      ...(instances === undefined ? [] : [instancesText(instances)]),
      ...(runId === undefined ? [] : [runId]),
      ...(error === undefined ? [] : [error.code]),
    ],
    attempts,
    ...(took === undefined ? {} : { durationMs: took }),
    ...(error === undefined ? {} : { errorCode: error.code }),
    ...(runId === undefined ? {} : { runId }),
    ...(instances === undefined ? {} : { instances }),
  };
}

function withReason(status: NodeStatus, reason: string | undefined): string {
  const isExplained = (status === 'skipped' || status === 'canceled') && reason !== undefined;
  return isExplained ? `${status}: ${brief(skipReason(reason), MAX_NOTE)}` : status;
}

function countsOf(instances: readonly TaskReport[]): NonNullable<GraphNode['instances']> {
  const counts: NonNullable<GraphNode['instances']> = {};
  for (const { status } of instances) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function instancesText(counts: NonNullable<GraphNode['instances']>): string {
  const text = countsText(Object.entries(counts));
  return text === '' ? 'no instances' : `instances: ${text}`;
}
