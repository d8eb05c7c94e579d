/** Packs the package once for all files of this folder: `inject('tarball')` is its path. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { npm } from './npm.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    tarball: string;
  }
}

const root = join(import.meta.dirname, '..', '..');

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-packed-'));
  const packed = npm(['pack', '--json', `--pack-destination=${folder}`], { cwd: root });
  const [name] = /[^\s"]+\.tgz/.exec(packed) ?? [];
  if (name === undefined) throw new Error(`npm pack named no file: ${packed}`);
  project.provide('tarball', join(folder, name));
  return () => rmSync(folder, { recursive: true, force: true });
}
