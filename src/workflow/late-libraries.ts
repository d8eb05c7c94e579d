/**
 * The libraries that only some workflows need, loaded when the first one does. Together they are 90 files, a fifth of
 * what a start would load; plain YAML is read without the one, and tasks without expressions know nothing of the other.
 */
import { createRequire } from 'node:module';

type Yaml = typeof import('yaml');
type Cel = typeof import('@marcbachmann/cel-js');

const load = createRequire(import.meta.url);
let loadedYaml: Yaml | undefined;
let loadedCel: Cel | undefined;

/** The YAML library. */
export function yaml(): Yaml {
  loadedYaml ??= load('yaml') as Yaml;
  return loadedYaml;
}

/** The parser of expressions. */
export function cel(): Cel {
  loadedCel ??= load('@marcbachmann/cel-js') as Cel;
  return loadedCel;
}
