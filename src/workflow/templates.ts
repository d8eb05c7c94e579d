/**
 * Templates: JSON values whose texts may hold `${...}`. Compiled once; what holds no `${` is a
 * constant and costs nothing to render. `$${` stands for a literal `${`.
 * Size: texts, lists and maps call each other.
 */
import { ExpressionInvalid, ExpressionLimit } from './errors.ts';
import { Evaluation, type Scope } from './evaluation.ts';
import { type CompiledExpression, compileExpression, type Reference } from './expressions.ts';
import { MAX_DEPTH } from './limits.ts';
import type { NameTable } from './names.ts';
import { asText, text } from './operators.ts';
import { placeKey, secretNameOf } from './secrets.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** A compiled template. Keeps no state between renderings. */
export interface CompiledTemplate {
  /** All that `render` may read; a task may appear more than once. */
  readonly references: readonly Reference[];
  /** True when the value holds no expression; `render` then returns it as it is. */
  readonly constant: boolean;
  /** The secrets that it names and where, as `placeKey` writes places; undefined for none. */
  readonly secrets: TemplateSecrets | undefined;
  /**
   * The value in a scope. Parts without expressions are shared with the template: read-only.
   * Throws `expression.failed` and `expression.limit`.
   */
  render(scope: Scope): JsonValue;
}

/** What a rendered template holds references to. */
export interface TemplateSecrets {
  readonly names: ReadonlySet<string>;
  readonly places: ReadonlySet<string>;
}

type Render = (scope: Scope) => JsonValue;

/** Where an expression stands: the path of its text in the value, the text, and the offset in it. */
export interface TemplatePlace {
  readonly path: readonly (string | number)[];
  readonly text: string;
  readonly offset: number;
}

/** Who wants to know of every expression of a template, right or wrong. */
export interface TemplateObserver {
  /** In the place of `compileExpression`: for whoever meets the same expression often. */
  readonly compile?: typeof compileExpression;
  expression(compiled: CompiledExpression, place: TemplatePlace): void;
  /** `${secrets.NAME}`, declared or not. */
  secret(name: string, place: TemplatePlace): void;
  /** Offsets in the error are those in the whole text. */
  problem(error: ExpressionInvalid | ExpressionLimit, place: Omit<TemplatePlace, 'offset'>): void;
}

interface Walk {
  readonly names: NameTable;
  readonly references: Reference[];
  readonly observer: TemplateObserver | undefined;
  secrets: { names: Set<string>; places: Set<string> } | undefined;
}

/**
 * Compiles a value. Throws `expression.invalid` and `expression.limit` at the first wrong expression;
 * with an observer it reports all of them with their paths instead and renders none.
 */
export function compileTemplate(
  value: JsonValue,
  names: NameTable,
  observer?: TemplateObserver,
): CompiledTemplate {
  const references: Reference[] = [];
  const walk: Walk = { names, references, observer, secrets: undefined };
  const render = compileValue(value, walk, []);
  const { secrets } = walk;
  return { references, constant: render === undefined, secrets, render: render ?? (() => value) };
}

/** `undefined` for a constant. */
function compileValue(
  value: JsonValue,
  walk: Walk,
  path: readonly (string | number)[],
): Render | undefined {
  if (typeof value === 'string')
    return value.includes('${') ? compileReported(value, walk, path) : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length > MAX_DEPTH) {
    throw new ExpressionLimit({
      what: 'the nesting of the value',
      limit: MAX_DEPTH,
      expression: path.slice(0, 4).join('.'),
    });
  }
  return Array.isArray(value) ? compileList(value, walk, path) : compileMap(value, walk, path);
}

function compileList(
  list: readonly JsonValue[],
  walk: Walk,
  path: readonly (string | number)[],
): Render | undefined {
  const renders = list.map((item, index) => compileValue(item, walk, [...path, index]));
  if (renders.every((render) => render === undefined)) return undefined;
  return (scope) =>
    list.map((item, index) => {
      const render = renders[index];
      // A rendered null is a value, not the absence of one.
      return render === undefined ? item : render(scope);
    });
}

function compileMap(
  map: JsonObject,
  walk: Walk,
  path: readonly (string | number)[],
): Render | undefined {
  const entries = Object.entries(map).map(
    ([key, item]) => [key, item, compileValue(item, walk, [...path, key])] as const,
  );
  if (entries.every(([, , render]) => render === undefined)) return undefined;
  return (scope) => {
    const made: JsonObject = {};
    for (const [key, item, render] of entries)
      made[key] = render === undefined ? item : render(scope);
    return made;
  };
}

function compileReported(
  source: string,
  walk: Walk,
  path: readonly (string | number)[],
): Render | undefined {
  try {
    return compileText(source, walk, path);
  } catch (error) {
    return report(error, { path, text: source }, walk.observer);
  }
}

/** Hands an expected error to the observer; throws every other one, and all where nobody observes. */
function report(
  error: unknown,
  place: Omit<TemplatePlace, 'offset'>,
  observer: TemplateObserver | undefined,
): undefined {
  const isExpected = error instanceof ExpressionInvalid || error instanceof ExpressionLimit;
  if (!isExpected || observer === undefined) throw error;
  observer.problem(error, place);
  return undefined;
}

/** A text that is one `${...}` keeps the type of the value; otherwise the parts are joined. */
function compileText(source: string, walk: Walk, path: readonly (string | number)[]): Render {
  // Only an observer goes on behind a wrong part, and it renders nothing.
  const parts: CompiledPart[] = splitText(source).map((part) =>
    typeof part === 'string' ? part : (compilePart(part, { path, text: source }, walk) ?? ''),
  );
  if (!parts.every(isPlainPart)) return textWithSecrets(parts, source);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && typeof only !== 'string')
    return (scope) => only.evaluate(scope);
  return (scope) => {
    const evaluation = new Evaluation(scope, source);
    let joined = '';
    for (const part of parts) {
      joined += typeof part === 'string' ? part : asText(part.evaluate(scope), evaluation);
    }
    return text(joined, evaluation);
  };
}

/** The reference itself, or a text of which references are parts: the value is put in by who does the task. */
function textWithSecrets(parts: readonly CompiledPart[], source: string): Render {
  const [only] = parts;
  if (parts.length === 1 && isSecret(only)) {
    const reference = { $secret: only.name };
    return () => reference;
  }
  return (scope) => {
    const evaluation = new Evaluation(scope, source);
    const joined = parts.map((part) => {
      if (typeof part === 'string') return part;
      return isSecret(part) ? { $secret: part.name } : asText(part.evaluate(scope), evaluation);
    });
    for (const part of joined) if (typeof part === 'string') evaluation.chargeText(part.length);
    return { $secretText: joined };
  };
}

interface SecretPart {
  readonly isSecret: true;
  readonly name: string;
}

type CompiledPart = string | CompiledExpression | SecretPart;

function isSecret(part: CompiledPart | undefined): part is SecretPart {
  return typeof part === 'object' && 'isSecret' in part;
}

function isPlainPart(part: CompiledPart): part is string | CompiledExpression {
  return !isSecret(part);
}

/** Where a file declares no secrets, something else of it may have the name. */
function secretOf(
  { expression, offset }: TemplatePart,
  whole: Omit<TemplatePlace, 'offset'>,
  walk: Walk,
): SecretPart | undefined {
  const { names, observer } = walk;
  const name = secretNameOf(expression);
  if (name === undefined || (names.secrets === undefined && isDeclared('secrets', names)))
    return undefined;
  if (observer === undefined && !Object.hasOwn(names.secrets ?? {}, name)) return undefined;
  observer?.secret(name, { ...whole, offset });
  walk.secrets ??= { names: new Set(), places: new Set() };
  walk.secrets.names.add(name);
  walk.secrets.places.add(placeKey(whole.path));
  return { isSecret: true, name };
}

function isDeclared(name: string, { tasks, inputs, variables, as }: NameTable): boolean {
  return tasks.has(name) || inputs.has(name) || variables.has(name) || as === name;
}

function compilePart(
  part: TemplatePart,
  whole: Omit<TemplatePlace, 'offset'>,
  walk: Walk,
): CompiledExpression | SecretPart | undefined {
  const { expression, offset } = part;
  const { names, references, observer } = walk;
  const secret = secretOf(part, whole, walk);
  if (secret !== undefined) return secret;
  const onUnknown =
    observer &&
    ((error: ExpressionInvalid) => observer.problem(moved(error, whole.text, offset), whole));
  try {
    const compile = observer?.compile ?? compileExpression;
    const compiled = compile(expression, names, onUnknown);
    references.push(...compiled.references);
    observer?.expression(compiled, { ...whole, offset });
    return compiled;
  } catch (error) {
    const inWhole = error instanceof ExpressionInvalid ? moved(error, whole.text, offset) : error;
    return report(inWhole, whole, observer);
  }
}

/** The same error with its offset in the text around the expression. */
function moved(error: ExpressionInvalid, expression: string, by: number): ExpressionInvalid {
  const { problem, message, hint, length, suggestion, offset } = error;
  return new ExpressionInvalid({
    problem,
    message,
    hint,
    length,
    suggestion,
    expression,
    offset: offset + by,
  });
}

interface TemplatePart {
  readonly expression: string;
  /** Of the expression in the whole text. */
  readonly offset: number;
}

/** Splits a text at its `${...}`. Throws `expression.invalid` where one is not closed. */
function splitText(source: string): (string | TemplatePart)[] {
  const parts: (string | TemplatePart)[] = [];
  let literal = '';
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf('${', at);
    if (open === -1) break;
    if (source[open - 1] === '$' && open > at) {
      literal += `${source.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    literal += source.slice(at, open);
    if (literal !== '') parts.push(literal);
    literal = '';
    const close = closingBrace(source, open + 2);
    parts.push({ expression: source.slice(open + 2, close), offset: open + 2 });
    at = close + 1;
  }
  literal += source.slice(at);
  if (literal !== '') parts.push(literal);
  return parts;
}

/**
 * Where the `}` is that closes a `${`, braces and texts within skipped. One pass: a quote that is never closed is a
 * character like any other, and so are all later ones of its kind. Throws `expression.invalid`.
 */
function closingBrace(source: string, from: number): number {
  const unclosed = new Set<string>();
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    const character = source[at] as string;
    if (character === '{') depth += 1;
    else if (character === '}') {
      if (depth === 0) return at;
      depth -= 1;
    } else if ((character === '"' || character === "'") && !unclosed.has(character)) {
      const end = closingQuote(source, at);
      if (end === -1) unclosed.add(character);
      else at = end;
    }
  }
  throw new ExpressionInvalid({
    problem: 'expression.syntax',
    message: '`${` is not closed',
    hint: 'Close it with `}`, or write `$${` for the text itself.',
    expression: source,
    offset: from - 2,
    length: 2,
  });
}

function closingQuote(source: string, open: number): number {
  const quote = source[open];
  for (let at = open + 1; at < source.length; at += 1) {
    if (source[at] === quote) return at;
    if (source[at] === '\\') at += 1;
  }
  return -1;
}

/** What is inside when the whole text is one `${...}`, undefined otherwise. */
export function unwrapped(source: string): string | undefined {
  if (!source.startsWith('${') || !source.endsWith('}')) return undefined;
  try {
    return closingBrace(source, 2) === source.length - 1 ? source.slice(2, -1) : undefined;
  } catch (error) {
    if (error instanceof ExpressionInvalid) return undefined;
    throw error;
  }
}
