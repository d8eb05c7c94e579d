/** What the tarball holds, and what package.json says about it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { describe, expect, inject, it } from 'vitest';

/** With source maps, so that a stack trace of an installed package names our lines. */
const MAX_PACKED_BYTES = 2_200_000;
/** Everything that a user needs, and nothing else. */
const PLACES =
  /^(bin\/(troupe|package\.json)|dist\/(cli|lib|chunks|agents\/builtin\/syntax)\/[\w.-]+\.js(\.map)?|dist\/types\/.+\.d\.ts|dist\/examples\/[\w./-]+|dist\/(sbom\.cdx\.json|third-party-licenses\.md)|schema\/[\w.-]+\.(json|yaml)|workflows\/[\w./-]+|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
/** Entries that are data. */
const DATA = ['./schema/workflow.schema.json', './package.json'];

function listTarball(): string[] {
  const { stdout } = spawnSync('tar', ['-tzf', inject('tarball')], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((path) => path.replace(/^package\//, ''));
}

describe('the tarball', () => {
  const files = listTarball();

  it('holds what is needed and no more', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((path) => !PLACES.test(path))).toEqual([]);
    for (const needed of ['LICENSE', 'CHANGELOG.md', 'README.md', 'dist/sbom.cdx.json'])
      expect(files).toContain(needed);
  });

  it('is small', () => {
    expect(statSync(inject('tarball')).size).toBeLessThan(MAX_PACKED_BYTES);
  });

  it('pleases publint', async () => {
    const tarball = readFileSync(inject('tarball'));
    const { messages, pkg } = await publint({
      pack: {
        tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength),
      },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that every resolution that knows exports finds (are the types wrong?)', async () => {
    const result = await checkPackage(
      createPackageFromTarballData(readFileSync(inject('tarball'))),
      {
        excludeEntrypoints: DATA,
      },
    );
    if (result.types === false) throw new Error('the package has no types');
    // ESM alone, by design: CommonJS uses import(), or require() of ESM. Node 10 knows no exports.
    const problems = result.problems.filter(
      (problem) =>
        problem.kind !== 'CJSResolvesToESM' &&
        !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
    );
    expect(problems).toEqual([]);
    expect(Object.keys(result.entrypoints)).toHaveLength(5);
  });
});
