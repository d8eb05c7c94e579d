/** docs/reference/events.md, from the catalogue. Which types are written today is read from the sources. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../src/events/catalogue.ts';
import type { EventType } from '../../src/events/event-type.ts';
import { code, markdownTable, page } from './markdown.ts';
import { jsonSchemaOf, type Schema, typeText } from './schema-rows.ts';
import { readSource } from './source-notes.ts';

const root = join(import.meta.dirname, '..', '..');
const WRITERS = ['src/machines', 'src/actors', 'src/log'];

export function eventsPage(): string {
  const written = writtenTypes();
  const groups = new Map<string, EventType[]>();
  for (const entry of catalogue.values()) {
    const actor = entry.type.slice(0, entry.type.indexOf('.'));
    groups.set(actor, [...(groups.get(actor) ?? []), entry]);
  }
  return page('Events: the catalogue', [
    'Every state change is one of these events. The type says whose it is and what happened. A star (*) marks a field that is always there. What is not written today is declared for later and read by every release that knows it.',
    'Each event travels in an envelope: `id`, `stream`, `streamVersion`, `position`, `type`, `schemaVersion`, `at` (milliseconds since 1970), `data`, `correlationId`, `causationId`, `actor`, `trace`. See [the log](../explanation/log.md).',
    ...[...groups].flatMap(([actor, entries]) => [
      `## ${actor}`,
      markdownTable(
        ['event', 'what happened', 'data', 'written today'],
        entries.map((entry) => [
          code(entry.type),
          entry.sentence,
          dataText(jsonSchemaOf(entry.schema)),
          written.has(entry.type) ? 'yes' : 'no',
        ]),
      ),
    ]),
  ]);
}

function dataText(schema: Schema): string {
  return Object.entries(schema.properties ?? {})
    .map(([name, field]) => {
      const star = schema.required?.includes(name) === true ? '*' : '';
      const type = field.enum === undefined ? '' : ` (${typeText(field)})`;
      return code(`${name}${star}`) + type;
    })
    .join(', ');
}

function writtenTypes(): Set<string> {
  const files = WRITERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const named = new Set<string>();
  for (const file of files)
    for (const [, type = ''] of readSource(file).matchAll(/event\(\s*'([a-z]+\.[A-Za-z]+)'/g))
      named.add(type);
  return named;
}
