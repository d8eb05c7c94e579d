/** The front door of the language: texts and values become definitions, or problems. Nothing throws. */
import { createHash } from 'node:crypto';
import { compileDefinition } from './compile.ts';
import type { WorkflowDefinition } from './definition.ts';
import { readJson } from './json-source.ts';
import { jsonSpans } from './json-spans.ts';
import { MAX_DEPTH, MAX_SOURCE_LENGTH } from './limits.ts';
import { fromNodes } from './node-form.ts';
import { Findings, type Locate, nowhere, type Path, type Problem } from './problems.ts';
import { checkShape } from './shape.ts';
import { locatorOf } from './source-places.ts';
import { type ValidationOptions, validateDefinition } from './validate.ts';
import { canonicalJson, type JsonObject, type JsonValue } from './value.ts';
import { readQuickYaml } from './yaml-quick.ts';
import { readSource, tooDeep, unsupported } from './yaml-source.ts';

export interface ParseOptions extends ValidationOptions {
  /** Named in problems. */
  readonly file?: string;
  /** What the caller has. The text is recognised in any case: JSON is YAML too. */
  readonly format?: 'yaml' | 'json';
}

/** `definition` is there exactly when no problem is an error. */
export interface ParseResult {
  definition?: WorkflowDefinition;
  problems: Problem[];
}

/** Reads a workflow file. All problems are reported at once, with their places. */
export function parseWorkflow(source: string, options: ParseOptions = {}): ParseResult {
  const findings = new Findings();
  const json = source.length <= MAX_SOURCE_LENGTH ? readJson(source) : undefined;
  if (json !== undefined) {
    const locate = locatorOf(source, jsonSpans(source));
    return finish(toJson(json, [], findings), { findings, locate, options });
  }
  const quick = source.length <= MAX_SOURCE_LENGTH ? readQuickYaml(source) : undefined;
  if (quick !== undefined)
    return finish(quick.value, { findings, locate: locatorOf(source, quick.spans), options });
  const { value, locate } = readSource(source, findings);
  return finish(value, { findings, locate, options });
}

/** The same for a value, as requests carry it. Problems have paths and no lines. */
export function compileWorkflow(value: unknown, options: ParseOptions = {}): ParseResult {
  const findings = new Findings();
  return finish(toJson(value, [], findings), { findings, locate: nowhere, options });
}

/** SHA-256 of the canonical form, as hex: equal for definitions that mean the same fields. */
export function definitionHash(definition: WorkflowDefinition): string {
  return createHash('sha256').update(canonicalJson(definition)).digest('hex');
}

interface Reading {
  readonly findings: Findings;
  readonly locate: Locate;
  readonly options: ParseOptions;
}

function finish(given: JsonValue | undefined, { findings, locate, options }: Reading): ParseResult {
  let definition: WorkflowDefinition | undefined;
  const form = given === undefined ? undefined : fromNodes(given, findings);
  const value = form?.value;
  const isReadable = value !== undefined && !(value === null && findings.hasErrors);
  if (isReadable) checkShape(value, findings);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    definition = compileDefinition(value);
    validateDefinition({ definition, source: value }, findings, options);
  }
  form?.relocate(findings);
  const problems = findings.problems(locate, options.file);
  return definition === undefined || findings.hasErrors ? { problems } : { definition, problems };
}

/** A copy with nothing but JSON in it: `undefined` fields are left out, what JSON cannot carry is reported. */
function toJson(value: unknown, path: (string | number)[], findings: Findings): JsonValue {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string' && value.isWellFormed()) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object' || !isPlain(value)) return refuse(unsupported(path), findings);
  if (path.length > MAX_DEPTH) return refuse(tooDeep(path), findings);
  if (Array.isArray(value))
    return value.map((item: unknown, index) => inside(item, index, { path, findings }));
  const made: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (key === '__proto__') refuse(unsupported([...path, key]), findings);
    else made[key] = inside(item, key, { path, findings });
  }
  return made;
}

function inside(
  item: unknown,
  key: string | number,
  { path, findings }: { path: (string | number)[]; findings: Findings },
): JsonValue {
  if (findings.isFull) return null;
  path.push(key);
  const value = toJson(item, path, findings);
  path.pop();
  return value;
}

function refuse(
  finding: { code: string; message: string; hint: string; path: Path },
  findings: Findings,
): null {
  findings.add(finding);
  return null;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === null || prototype === Object.prototype;
}
