/**
 * Every console block of every document is run, and prints what the document shows, but for ids, times and ports.
 * `node infra/docs.mjs --record <document>` writes down what is printed today.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stepsOf } from '../../infra/docs/blocks.ts';
import { runDocument } from '../../infra/docs/console.ts';
import { comparable } from '../../infra/docs/normal.ts';
import { documents, root } from './documents.ts';

const DOCUMENT_MS = 120_000;
const hasPython = spawnSync('python3', ['--version']).status === 0;

const sessions = documents
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  .filter(({ text }) => /^```console/m.test(text));

it('finds documents with console blocks', () => {
  expect(sessions.length).toBeGreaterThan(3);
});

for (const { path, text } of sessions) {
  const canRun = hasPython || !/^\$ python3 /m.test(text);
  it.runIf(canRun)(
    `${path} shows what its commands print (if not: node infra/docs.mjs --record ${path})`,
    async () => {
      const steps = await runDocument(text);
      expect(steps.length).toBeGreaterThan(0);
      for (const { line, command, output, printed } of steps)
        expect(comparable(printed), `line ${line}: ${command}`).toEqual(comparable(output));
    },
    DOCUMENT_MS,
  );
}

it('tells a changed output from a changed time', () => {
  const [step] = stepsOf('$ troupe run x\nrun run_01a succeeded after 12 ms\n');
  expect(comparable('run run_01b succeeded after 1.5 s')).toEqual(comparable(step?.output ?? ''));
  expect(comparable('run run_01b failed after 12 ms')).not.toEqual(comparable(step?.output ?? ''));
});
