/** docs/reference/workflow-language.md, from the schema of workflow files and the table of functions. */
import { builtInFunctions } from '../../src/workflow/functions.ts';
import * as limits from '../../src/workflow/limits.ts';
import { workflowSchema } from '../../src/workflow/schema.ts';
import { code, fence, markdownTable, page } from './markdown.ts';
import { jsonSchemaOf, type Row, rowsOf, schemaTable } from './schema-rows.ts';
import { declarationNote, readSource } from './source-notes.ts';

const PARTS: readonly (readonly [string, (row: Row) => boolean, string])[] = [
  ['The file', ({ path }) => !/[.[]/.test(path), 'The fields at the top of a file.'],
  ['metadata', starts('metadata.'), 'Any other field is kept as well.'],
  [
    'inputs',
    starts('inputs.<name>.'),
    'Typed values that a run is started with; checked before the run exists.',
  ],
  ['settings', starts('settings.'), 'How the run as a whole behaves.'],
  ['context', starts('context.'), ''],
  [
    'tasks',
    ({ path }) => /^tasks\[\]\.[^.]+$/.test(path),
    'Each has an id and exactly one of `agent`, `capability`, `wait`, `workflow` and `pass`.',
  ],
  ['retry', starts('tasks[].retry.'), 'Without `retry` there is one attempt.'],
  [
    'condition, trigger, foreach, join',
    ({ path }) => /^tasks\[\]\.(condition|trigger|foreach|join)\./.test(path),
    'Where a field has several forms, those of each form stand below each other.',
  ],
  ['repeat', starts('tasks[].repeat.'), ''],
  ['wait', starts('tasks[].wait.'), 'Exactly one of `timer`, `signal`, `approval` and `first`.'],
  ['workflow', starts('tasks[].workflow.'), 'The name alone, or an object:'],
  ['compensate', starts('tasks[].compensate.'), 'One of `agent`, `capability` and `workflow`.'],
  ['milestone', starts('tasks[].milestone.'), ''],
  ['edges', starts('edges[].'), ''],
  ['regions', starts('regions.<name>.'), ''],
  [
    'hooks',
    ({ path }) => /^hooks\.[^.[]+$/.test(path),
    'Lists of tasks, with the fields of tasks but those that steer other tasks.',
  ],
];

function starts(prefix: string): (row: Row) => boolean {
  return ({ path }) => path.startsWith(prefix);
}

export function languagePage(): string {
  const rows = rowsOf(jsonSchemaOf(workflowSchema), new Map());
  const parts = PARTS.flatMap(([title, belongs, text]) => [
    `## ${title}`,
    text,
    schemaTable(rows.filter(belongs)),
  ]);
  return page('Workflow files: every field', [
    'Made from the schema that validation uses. `troupe schema` prints the same as JSON Schema, for editors; `troupe validate <file>` checks a file. What the fields do together is in [the language](../explanation/workflow-language.md).',
    ...parts,
    '## Durations',
    'Seconds, fractions allowed (`0.05`), or a text with a unit:',
    markdownTable(
      ['text', 'means'],
      [
        ['250ms', 'milliseconds'],
        ['30s', 'seconds'],
        ['5m', 'minutes'],
        ['1h', 'hours'],
        ['1d', 'days'],
      ].map(([text = '', means = '']) => [code(text), means]),
    ),
    '## Functions in expressions',
    'With the number of values that each takes. `map`, `filter`, `all` and `exists` go through a list: `list.map(one, one.field)`. `default(value, fallback)` and `has(a.output.field)` look whether something is there. Any of them may be written as `fn:name(...)` or behind its first value with a dot.',
    functionList(),
    '## Limits',
    'A value above a bound is refused, never cut.',
    limitsTable(),
    '## For editors',
    'Put this on the first line of a file after `troupe schema > workflow.schema.json`:',
    fence('yaml', '# yaml-language-server: $schema=workflow.schema.json'),
  ]);
}

function limitsTable(): string {
  const source = readSource('src/workflow/limits.ts');
  return markdownTable(
    ['what', 'at most'],
    Object.entries(limits)
      .sort(([left], [right]) => source.indexOf(`${left} =`) - source.indexOf(`${right} =`))
      .map(([name, value]) => [declarationNote(source, name), value.toLocaleString('en')]),
  );
}

function functionList(): string {
  return [...builtInFunctions]
    .map(([name, { minimum, maximum }]) => {
      const count = minimum === maximum ? String(minimum) : `${minimum} to ${maximum}`;
      return `${code(name)} (${count})`;
    })
    .join(', ')
    .concat('.');
}
