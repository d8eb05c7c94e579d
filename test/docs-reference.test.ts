/** docs/reference is made from the sources; `node infra/docs.mjs` brings it up to date. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { knownCodes } from '../infra/docs/errors-page.ts';
import { later, served, subjectText } from '../infra/docs/messages-page.ts';
import { referencePages } from '../infra/docs/reference.ts';
import { jsonSchemaOf, rowsOf } from '../infra/docs/schema-rows.ts';
import { catalogue } from '../src/events/catalogue.ts';
import { failureCodes } from '../src/messages/failure.ts';
import { createSubjects } from '../src/messaging/subjects.ts';
import { workflowSchema } from '../src/workflow/schema.ts';

const root = join(import.meta.dirname, '..');
const pages = await referencePages();
const codes = new Map(knownCodes().map((known) => [known.code, known]));

it.each([...pages])('%s is current (if not: node infra/docs.mjs)', (path, text) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text);
});

it('describes every field of a workflow file, and every event of the catalogue', () => {
  const fields = pages.get('docs/reference/workflow-fields.md') ?? '';
  const all = rowsOf(jsonSchemaOf(workflowSchema), new Map())
    .map(({ path }) => path)
    .filter((path) => !path.startsWith('hooks.') || !path.includes('[]')); // they are tasks
  expect(all.length).toBeGreaterThan(100);
  expect(all.filter((path) => !fields.includes(`| \`${path}\` `))).toEqual([]);
  const events = pages.get('docs/reference/events.md') ?? '';
  expect([...catalogue.keys()].filter((type) => !events.includes(`| \`${type}\` `))).toEqual([]);
});

it('has a row for every subject that is built', () => {
  const built = Object.entries(createSubjects()).flatMap(([name, build]) =>
    typeof build === 'function' && !/^(any|parse|everything)/.test(name) ? [name] : [],
  );
  expect([...served, ...later].map(({ builder }) => builder).sort()).toEqual(built.sort());
  expect(served.map(subjectText)).toContain('troupe.v1.run.<runId>.task.<activation>.result');
});

it('has the code of every error class and every recorded failure, with a meaning and a hint', () => {
  for (const code of [...classCodes(), ...Object.values(failureCodes)]) {
    const known = codes.get(code);
    expect(known, code).toBeDefined();
  }
  const unsaid = [...codes.values()].filter(
    ({ meanings, hints }) => meanings.size === 0 || hints.size === 0,
  );
  expect(unsaid.map(({ code }) => code)).toEqual([]);
});

it('has both hints of an error that chooses one', () => {
  expect([...(codes.get('cli.file-unwritable')?.hints ?? [])]).toEqual([
    'Move the folder of this name away.',
    'Check that the folder exists and may be written to.',
  ]);
});

it('says what exit code a run has that an agent failed', () => {
  const page = pages.get('docs/reference/errors.md') ?? '';
  expect(page).toMatch(/^\| `shell\.not-found` +\|.*\| 1 +\| 404 +\| yes +\|$/m);
  expect(page).toMatch(/^\| `run\.not-found` +\|.*\| 3 +\| 404 +\| +\|$/m);
});

/** Read another way than the page reads them, so that a class it overlooks is seen. */
function classCodes(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(join(root, 'src', name), 'utf8').matchAll(/readonly code = '([a-z.-]+)'/g),
    ])
    .map(([, code = '']) => code);
}
