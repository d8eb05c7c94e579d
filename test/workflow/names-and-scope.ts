import type { Scope, TaskScope } from '../../src/workflow/expressions.ts';
import { compileExpression } from '../../src/workflow/expressions.ts';
import { builtInFunctions } from '../../src/workflow/functions.ts';
import type { NameTable } from '../../src/workflow/names.ts';
import type { JsonValue } from '../../src/workflow/value.ts';

/** A table with tasks of every awkward kind of name. */
export const names: NameTable = {
  tasks: new Set([
    'a',
    'my',
    'my-task',
    '2nd',
    'loop',
    'import',
    'package',
    'list',
    'map',
    'type',
    'string',
    'run',
  ]),
  inputs: new Set(['path', 'max-depth', 'feature_name', 'both']),
  variables: new Set(['threshold', 'both']),
  item: true,
  as: 'file',
  functions: builtInFunctions,
};

export const outputOfA: JsonValue = {
  n: 3,
  half: 0.5,
  list: [1, 2, 3],
  text: 'Hi',
  files: ['src/a.ts', 'b.js'],
  none: null,
};

export function scopeOf(task: (id: string) => TaskScope | undefined): Scope {
  return {
    inputs: { path: 'src', 'max-depth': 4, feature_name: 'search', both: 1 },
    variables: { threshold: 10, both: 2 },
    run: { id: 'run_1', name: 'trial' },
    item: 'src/a.ts',
    index: 1,
    task,
  };
}

export const scope = scopeOf((id) => ({
  status: 'success',
  output: id === 'a' ? outputOfA : `output of ${id}`,
  attempts: 1,
  duration: 20,
}));

export function evaluate(source: string): JsonValue {
  return compileExpression(source, names).evaluate(scope);
}
