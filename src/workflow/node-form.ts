/**
 * The graph form of a file: `nodes` in the place of `tasks`, as a list, or as a map of tasks by id. It is read as
 * `tasks`, and problems are reported where the nodes stand.
 */
import { isObject } from './loose.ts';
import { type Findings, FindingsOfPart, type Path } from './problems.ts';
import type { JsonObject, JsonValue } from './value.ts';

export interface NodeForm {
  /** With `tasks`. */
  readonly value: JsonObject;
  /** For what is found in it. */
  readonly findings: Findings;
}

/** A workflow with `nodes` as one with `tasks`; every other one as it is. Both at once are a problem. */
export function fromNodes(value: JsonObject, findings: Findings): NodeForm {
  if (!Object.hasOwn(value, 'nodes')) return { value, findings };
  const { nodes = null, ...rest } = value;
  if (Object.hasOwn(value, 'tasks')) {
    findings.add({
      code: 'workflow.invalid-field',
      message: '`nodes` stands beside `tasks`',
      hint: 'They are the same: a graph names its tasks `nodes`. Keep one.',
      path: ['nodes'],
      atKey: true,
    });
    return { value: rest, findings };
  }
  const keys = isObject(nodes) ? Object.keys(nodes) : undefined;
  return {
    value: { ...rest, tasks: tasksOf(nodes) },
    findings: new FindingsOfPart(findings, (path) => toNodes(path, keys)),
  };
}

function tasksOf(nodes: JsonValue): JsonValue {
  return isObject(nodes) ? Object.entries(nodes).map(withId) : nodes;
}

/** The key of a map is the id, unless the node has one. */
function withId([key, node]: [string, JsonValue]): JsonValue {
  if (node === null) return { id: key };
  return isObject(node) ? ({ id: key, ...node } satisfies JsonObject) : node;
}

function toNodes(path: Path, keys: readonly string[] | undefined): Path {
  const [first, second, ...rest] = path;
  if (first !== 'tasks') return path;
  if (second === undefined) return ['nodes'];
  const key = typeof second === 'number' ? keys?.[second] : undefined;
  return ['nodes', key ?? second, ...rest];
}
