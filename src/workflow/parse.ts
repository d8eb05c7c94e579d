/** The front door of the language: texts and values become definitions, or problems. Nothing throws. */
import { createHash } from 'node:crypto';
import { ChildTable, type FoundChildren } from './child-table.ts';
import { compileDefinition } from './compile.ts';
import type { WorkflowDefinition } from './definition.ts';
import { readJson } from './json-source.ts';
import { jsonSpans } from './json-spans.ts';
import { MAX_DEPTH, MAX_SOURCE_LENGTH } from './limits.ts';
import { isObject } from './loose.ts';
import { fromNodes } from './node-form.ts';
import {
  Findings,
  FindingsOfPart,
  type Locate,
  nowhere,
  type Path,
  type Problem,
} from './problems.ts';
import { checkShape } from './shape.ts';
import { locatorOf } from './source-places.ts';
import { type CheckOptions, type ValidationOptions, validateDefinition } from './validate.ts';
import { checkChildTasks } from './validate-children.ts';
import { canonicalJson, type JsonObject, type JsonValue } from './value.ts';
import { readQuickYaml } from './yaml-quick.ts';
import { readSource, tooDeep, unsupported } from './yaml-source.ts';

export interface ParseOptions extends ValidationOptions {
  /** Named in problems. */
  readonly file?: string;
  /** What the caller has. The text is recognised in any case: JSON is YAML too. */
  readonly format?: 'yaml' | 'json';
  /** Tokens that a YAML text may have, for a text from somebody else; default: any number. */
  readonly maxTokens?: number;
  /** The workflows outside of the text that its tasks run; `link.ts` finds them. */
  readonly children?: FoundChildren;
  /** The children in the text were found right before: they are not looked at again. */
  readonly areChildrenChecked?: true;
}

/** `definition` and `value` are there exactly when no problem is an error. */
export interface ParseResult {
  definition?: WorkflowDefinition;
  /** What the text says, in the form of a file. */
  value?: JsonObject;
  problems: Problem[];
}

/** Reads a workflow file. All problems are reported at once, with their places. */
export function parseWorkflow(source: string, options: ParseOptions = {}): ParseResult {
  return parseForAnalysis(source, options);
}

/** As `parseWorkflow`, for who goes on with what the check has found. */
export function parseForAnalysis(
  source: string,
  options: ParseOptions & CheckOptions,
): ParseResult {
  const findings = new Findings();
  const json = source.length <= MAX_SOURCE_LENGTH ? readJson(source) : undefined;
  if (json !== undefined) {
    const locate = locatorOf(source, jsonSpans(source));
    const value = json.isSound ? json.value : toJson(json.value, [], findings);
    return finish(value, { findings, locate, options });
  }
  const quick = source.length <= MAX_SOURCE_LENGTH ? readQuickYaml(source) : undefined;
  if (quick !== undefined)
    return finish(quick.value, { findings, locate: locatorOf(source, quick.spans), options });
  const { value, locate } = readSource(source, findings, { maxTokens: options.maxTokens });
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
  readonly options: ParseOptions & CheckOptions;
}

function finish(value: JsonValue | undefined, { findings, locate, options }: Reading): ParseResult {
  let read: Pick<ParseResult, 'definition' | 'value'> | undefined;
  const isReadable = value !== undefined && !(value === null && findings.hasErrors);
  if (isObject(value)) {
    read = { definition: checkWithChildren(value, { findings, options }), value };
  } else if (isReadable) checkShape(value, findings);
  const problems = findings.problems(locate, options.file);
  return findings.hasErrors ? { problems } : { ...read, problems };
}

interface Check {
  readonly findings: Findings;
  readonly options: ParseOptions & CheckOptions;
}

/** A file and the children that stand in it. Those that were found outside are checked by whoever found them. */
function checkWithChildren(given: JsonObject, { findings, options }: Check): WorkflowDefinition {
  const { value: root, findings: inRoot } = fromNodes(given, findings);
  const table = new ChildTable(root, {
    found: options.children,
    compile: (source, of) => compileOne(source, of, { findings: new Findings(), options: {} }),
  });
  checkShape(root, inRoot);
  const definition = checkOne(root, table, { findings: inRoot, options });
  if (options.areChildrenChecked === true || !isObject(root.workflows)) return definition;
  for (const [name, child] of Object.entries(root.workflows)) {
    const nested = new FindingsOfPart(findings, (path) => ['workflows', name, ...path]);
    if (!isObject(child)) {
      checkShape(child, nested);
      continue;
    }
    const { value, findings: inChild } = fromNodes(child, nested);
    checkShape(value, inChild);
    if (Object.hasOwn(child, 'workflows')) nested.add(nestedTable);
    checkOne(value, table, { findings: inChild, options });
  }
  return definition;
}

const nestedTable = {
  code: 'workflow.nested-workflows',
  message: '`workflows` of a child has no meaning: all children are in the table of the file',
  hint: 'Move its entries up into `workflows` of the file.',
  path: ['workflows'],
  atKey: true,
};

function checkOne(source: JsonObject, table: ChildTable, check: Check): WorkflowDefinition {
  const definition = compileOne(source, table, check);
  checkChildTasks(definition, table, check.findings);
  return definition;
}

/** Without a look at its children, which may run it in turn. */
function compileOne(
  given: JsonObject,
  table: ChildTable,
  { findings, options }: Check,
): WorkflowDefinition {
  const { value: source } = fromNodes(given, findings);
  const definition = compileDefinition(source);
  table.link(definition);
  validateDefinition({ definition, source }, findings, options);
  return definition;
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
