/**
 * The graph form of a file: `nodes` in the place of `tasks`, as a list, or as a map of tasks by id. It is read as
 * `tasks`, and problems are reported where the nodes stand.
 */
import { isObject } from './loose.ts';
import type { Findings, Path } from './problems.ts';
import type { JsonObject, JsonValue } from './value.ts';

export interface NodeForm {
  /** With `tasks`. */
  readonly value: JsonValue;
  /** Puts findings about `tasks` to the nodes that they are about. */
  relocate(findings: Findings): void;
}

/** A value with `nodes` as one with `tasks`; every other one as it is. Both at once are a problem. */
export function fromNodes(value: JsonValue, findings: Findings): NodeForm {
  const same = { value, relocate: () => undefined };
  if (!isObject(value) || !Object.hasOwn(value, 'nodes')) return same;
  const { nodes = null, ...rest } = value;
  if (Object.hasOwn(value, 'tasks')) {
    findings.add({
      code: 'workflow.invalid-field',
      message: '`nodes` stands beside `tasks`',
      hint: 'They are the same: a graph names its tasks `nodes`. Keep one.',
      path: ['nodes'],
      atKey: true,
    });
    return { ...same, value: rest };
  }
  const keys = isObject(nodes) ? Object.keys(nodes) : undefined;
  const tasks = isObject(nodes) ? Object.entries(nodes).map(withId) : nodes;
  return {
    value: { ...rest, tasks },
    relocate: (found) => {
      for (const [at, finding] of found.list.entries())
        found.list[at] = { ...finding, path: toNodes(finding.path, keys) };
    },
  };
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
