/** All patterns, P01 to P43, and their files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../src/workflow/loose.ts';
import { Findings } from '../../src/workflow/problems.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { readSource } from '../../src/workflow/yaml-source.ts';
import type { Pattern } from './pattern.ts';
import { cancelPatterns } from './table/cancel.ts';
import { choicePatterns } from './table/choices.ts';
import { basicPatterns, endPatterns, loopPatterns } from './table/control.ts';
import { instancePatterns } from './table/instances.ts';
import { joinPatterns, threadPatterns } from './table/joins.ts';
import { exclusionPatterns, waitPatterns } from './table/states.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'examples', 'patterns');

export const patterns: readonly Pattern[] = [
  ...basicPatterns,
  ...choicePatterns,
  ...loopPatterns,
  ...endPatterns,
  ...joinPatterns,
  ...threadPatterns,
  ...instancePatterns,
  ...waitPatterns,
  ...exclusionPatterns,
  ...cancelPatterns,
].sort((a, b) => (a.id < b.id ? -1 : 1));

/** The text of a pattern's workflow. */
export function textOf({ file }: Pattern): string {
  return readFileSync(join(FOLDER, `${file}.yaml`), 'utf8');
}

/** The workflow in the form of a file. Throws where the text is no map. */
export function workflowOf(pattern: Pattern, text: string = textOf(pattern)): JsonObject {
  const { value } = readSource(text, new Findings());
  if (!isObject(value)) throw new Error(`${pattern.file} is no workflow`);
  return value;
}
