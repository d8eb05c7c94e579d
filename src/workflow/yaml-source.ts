/**
 * Reads YAML or JSON text into a JSON value. Places are looked up only when there is a problem, so a good file pays
 * nothing for them.
 *
 * Y1 What aliases and merge keys add is bounded; what is written out is bounded by the text.
 * Y2 Never throws: what is wrong becomes a finding.
 */
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { yaml } from './late-libraries.ts';
import { MAX_ALIAS_NODES, MAX_DEPTH, MAX_SOURCE_LENGTH } from './limits.ts';
import { type Finding, type Findings, type Locate, nowhere } from './problems.ts';
import { locatorOf } from './source-places.ts';
import type { JsonObject, JsonValue } from './value.ts';
import { effortOf } from './yaml-effort.ts';
import { explainSyntax } from './yaml-mistakes.ts';
import { nodeSpans } from './yaml-spans.ts';

export interface SourceText {
  /** `undefined` where the text cannot be read at all. */
  readonly value: JsonValue | undefined;
  readonly locate: Locate;
}

/** Reads a text of at most `maxTokens` tokens (default: any number); problems go to `findings`. */
export function readSource(
  source: string,
  findings: Findings,
  { maxTokens }: { maxTokens?: number | undefined } = {},
): SourceText {
  if (source.length > MAX_SOURCE_LENGTH) {
    findings.add(tooLarge(`the text has more than ${MAX_SOURCE_LENGTH} characters`));
    return { value: undefined, locate: nowhere };
  }
  const effort = maxTokens === undefined ? 'bounded' : effortOf(source, { maxTokens });
  if (effort === 'too-large') {
    findings.add({
      ...tooLarge(`the YAML text has more than ${maxTokens} words and signs`),
      hint: 'Send it as JSON or as an object; `troupe run` does so by itself.',
    });
    return { value: undefined, locate: nowhere };
  }
  const document = effort === 'too-deep' ? undefined : readDocument(source);
  if (document === undefined) {
    findings.add(tooDeep([]));
    return { value: undefined, locate: locatorOf(source, nodeSpans(undefined)) };
  }
  const locate = locatorOf(source, nodeSpans(document));
  // What follows from half a text would only hide what is wrong with it.
  if (reportSyntax(document, { source, findings })) return { value: undefined, locate };
  return { value: new Reader(findings).value(document.contents, []), locate };
}

/** `undefined` where the text is nested so deeply that the parser, which recurses, exhausts the stack. */
function readDocument(source: string): Document.Parsed | undefined {
  const { stackTraceLimit } = Error;
  // The parser makes an error object for each mistake; with stacks, 60,000 of them take seconds.
  Error.stackTraceLimit = 0;
  try {
    const document = yaml().parseDocument(source, {
      uniqueKeys: false,
      merge: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    const isExhausted = document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION');
    return isExhausted ? undefined : document;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function tooLarge(message: string): Finding {
  return {
    code: 'workflow.too-large',
    message,
    hint: 'Split the workflow, or pass data as inputs.',
    path: [],
  };
}

/** The finding for a value nested deeper than the bound. */
export function tooDeep(path: Finding['path']): Finding {
  return {
    code: 'workflow.too-deep',
    message: `values are nested deeper than ${MAX_DEPTH} levels`,
    hint: 'Flatten the value, or pass it as a text.',
    path: path.slice(0, MAX_DEPTH),
  };
}

/** Mistakes that leave the structure around them as it was meant, so that the next one is one of its own. */
const LOCAL_MISTAKES: ReadonlySet<string> = new Set([
  'BAD_DQ_ESCAPE',
  'BAD_SCALAR_START',
  'MULTIPLE_ANCHORS',
  'MULTIPLE_TAGS',
  'TAG_RESOLVE_FAILED',
]);

/** Reports the first mistake and those that cannot be its consequence; false where there is none. */
function reportSyntax(
  { errors, warnings }: Document.Parsed,
  { source, findings }: { source: string; findings: Findings },
): boolean {
  const [first, ...others] = [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (first === undefined) return false;
  const isLocal = LOCAL_MISTAKES.has(first.code);
  for (const mistake of [first, ...others]) {
    if (mistake !== first && !(isLocal && LOCAL_MISTAKES.has(mistake.code))) continue;
    // What is only counted needs no place: looking for it reads the text again.
    const position = findings.isFull ? {} : { position: placeOf(mistake.pos, source) };
    findings.add({ ...explainSyntax(mistake), path: [], ...position });
  }
  return true;
}

/** What is missing at the end is missed behind the last text, not on an empty line below it. */
function placeOf([start, end]: [number, number], source: string): { start: number; end: number } {
  const before = source.slice(0, start);
  if (source.slice(start).trim() !== '') return { start, end };
  return { start: before.trimEnd().length, end: before.trimEnd().length };
}

class Reader {
  private readonly findings: Findings;
  private readonly anchors = new Map<string, Node>();
  private aliasNodes = 0;
  private aliasDepth = 0;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  value(node: unknown, path: (string | number)[]): JsonValue {
    if (this.aliasDepth > 0 && !this.payForAlias(path)) return null;
    if (path.length > MAX_DEPTH) {
      this.findings.add(tooDeep(path));
      return null;
    }
    const { isAlias, isMap, isScalar, isSeq } = yaml();
    if (isAlias(node)) return this.alias(node.source, path);
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
      this.anchors.set(node.anchor, node);
    if (isMap(node)) return this.map(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.child(item, path, index));
    return isScalar(node) ? this.scalar(node.value, path) : null;
  }

  /** One array for the whole walk: a path is copied only when a finding needs it. */
  private child(node: unknown, path: (string | number)[], key: string | number): JsonValue {
    path.push(key);
    const value = this.value(node, path);
    path.pop();
    return value;
  }

  private payForAlias(path: readonly (string | number)[]): boolean {
    this.aliasNodes += 1;
    if (this.aliasNodes === MAX_ALIAS_NODES + 1) {
      this.findings.add({
        ...tooLarge(`aliases add more than ${MAX_ALIAS_NODES} values`),
        path: [...path],
      });
    }
    return this.aliasNodes <= MAX_ALIAS_NODES;
  }

  private alias(name: string, path: (string | number)[]): JsonValue {
    const target = this.anchors.get(name);
    // An unknown anchor is already a syntax error of the parser.
    if (target === undefined) return null;
    this.aliasDepth += 1;
    const value = this.value(target, path);
    this.aliasDepth -= 1;
    return value;
  }

  private map(node: YAMLMap, path: (string | number)[]): JsonObject {
    const made: JsonObject = {};
    const merged: Pair[] = [];
    for (const pair of node.items) {
      const key = this.key(pair, path);
      if (key === undefined) continue;
      if (key === '<<') merged.push(pair);
      else if (Object.hasOwn(made, key)) this.duplicate(pair, [...path, key]);
      else made[key] = this.child(pair.value, path, key);
    }
    for (const pair of merged) this.merge(made, pair, path);
    return made;
  }

  private key(pair: Pair, path: readonly (string | number)[]): string | undefined {
    const raw: unknown = yaml().isScalar(pair.key) ? pair.key.value : undefined;
    const isText = typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean';
    if (isText && String(raw) !== '__proto__') return String(raw);
    this.findings.add({
      code: 'workflow.key',
      message: 'a key must be a text, and not `__proto__`',
      hint: 'Quote the key.',
      path: [...path],
      ...positionOf(pair.key),
    });
    return undefined;
  }

  private duplicate(pair: Pair, path: readonly (string | number)[]): void {
    this.findings.add({
      code: 'workflow.duplicate-key',
      message: `the key \`${String(path.at(-1))}\` is given twice`,
      hint: 'Keep one of them; the first one counts.',
      path,
      text: String(path.at(-1)),
      ...positionOf(pair.key),
    });
  }

  /** `<<: *base`, or a list of them: keys that are not there yet. */
  private merge(made: JsonObject, pair: Pair, path: (string | number)[]): void {
    const value = this.child(pair.value, path, '<<');
    for (const source of Array.isArray(value) ? value : [value]) {
      if (typeof source !== 'object' || source === null || Array.isArray(source)) {
        this.findings.add({
          code: 'workflow.key',
          message: '`<<` merges a map or a list of maps',
          hint: 'Give it an alias of a map: `<<: *base`.',
          path: [...path],
          ...positionOf(pair.key),
        });
        continue;
      }
      for (const key of Object.keys(source))
        if (!Object.hasOwn(made, key)) made[key] = source[key] ?? null;
    }
  }

  private scalar(value: unknown, path: readonly (string | number)[]): JsonValue {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string' && value.isWellFormed()) return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    this.findings.add(unsupported(path));
    return null;
  }
}

/** The finding for a value that JSON cannot carry. */
export function unsupported(path: Finding['path']): Finding {
  return {
    code: 'value.unsupported',
    message: 'this value has no form in JSON',
    hint: 'Use null, true, false, a finite number, a text, a list or a map; quote what is meant as text.',
    path: [...path],
  };
}

function positionOf(node: unknown): Pick<Finding, 'position'> {
  const range = (node as Partial<Node> | null)?.range;
  return range === undefined || range === null
    ? {}
    : { position: { start: range[0], end: range[1] } };
}
