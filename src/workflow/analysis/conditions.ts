/**
 * Conditions as choices: the same text is the same choice, `!x` is its opposite, `x == 1` and `x == 2` exclude each
 * other, and `a.status == "failed"` is how `a` ended. Whatever else stands in a condition is one choice as a whole.
 */
import { FAILED, INACTIVE, SKIPPED, SUCCEEDED } from './outcomes.ts';

/** One part of a condition; all its parts hold where the condition does. */
export type Part =
  /** The literal `false`. */
  | { readonly kind: 'never' }
  /** How another task ended; `outcomes` are bits. */
  | { readonly kind: 'outcome'; readonly task: string; readonly outcomes: number }
  /** `subject` has this value (a literal), or has not; an empty subject is like no other. */
  | {
      readonly kind: 'value';
      readonly subject: string;
      readonly value: string;
      readonly holds: boolean;
    };

const LITERAL = /^(?:true|false|null|-?\d+(?:\.\d+)?|"[^"\\]*"|'[^'\\]*')$/;
const OPERAND = /^[A-Za-z_][\w.-]*$/;
const STATUS = /^([\w-]+)\.status$/;
const STATUSES: Readonly<Record<string, number>> = {
  success: SUCCEEDED,
  failed: FAILED,
  skipped: INACTIVE | SKIPPED,
};
/** Longer conditions are one choice. */
const MAX_READ = 1_000;

/** The parts of a condition; of one that is always true, none. Linear. */
export function partsOf(condition: string): Part[] {
  const text = condition.trim();
  if (text.length > MAX_READ) return [choice(text, true)];
  return splitAnd(unwrap(text)).flatMap((part) => partOf(unwrap(part.trim()), true));
}

function partOf(text: string, holds: boolean): Part[] {
  if (text.startsWith('!') && isOneOperand(text.slice(1)))
    return partOf(unwrap(text.slice(1).trim()), !holds);
  if (text === 'true' || text === 'false')
    return (text === 'true') === holds ? [] : [{ kind: 'never' }];
  const comparison = /^(.+?)\s*(==|!=)\s*(.+)$/s.exec(text);
  if (comparison === null) return [choice(text, holds)];
  const [, left = '', operator, right = ''] = comparison;
  const subject = OPERAND.test(left) ? left : OPERAND.test(right) ? right : undefined;
  const literal = subject === left ? right : left;
  if (subject === undefined || !LITERAL.test(literal)) return [choice(text, holds)];
  return [compared(subject, normal(literal), (operator === '==') === holds)];
}

function compared(subject: string, value: string, holds: boolean): Part {
  const [, task] = STATUS.exec(subject) ?? [];
  const outcomes = STATUSES[value.slice(1, -1)];
  // What is not of one status may not have ended at all.
  if (task !== undefined && holds && value.startsWith('"') && outcomes !== undefined)
    return { kind: 'outcome', task, outcomes };
  if (value === 'true' || value === 'false') return choice(subject, (value === 'true') === holds);
  return { kind: 'value', subject: VARIES.test(subject) ? '' : subject, value, holds };
}

/** Asked at two times, these may give two answers: such a choice is like no other. */
const VARIES = /\.status\b|\bdefault\(|\bhas\(|\brun\./;

function choice(text: string, holds: boolean): Part {
  const subject = VARIES.test(text) ? '' : text.replace(/\s+/g, ' ');
  return { kind: 'value', subject, value: 'true', holds };
}

/** One text for each value. */
function normal(literal: string): string {
  if (literal.startsWith("'")) return `"${literal.slice(1, -1)}"`;
  return /^[-\d]/.test(literal) ? String(Number(literal)) : literal;
}

/** False for inputs and variables by name: they are there, and of a known type. */
export function mayError(parts: readonly Part[]): boolean {
  return parts.some(
    (part) => part.kind === 'value' && !/^(?:inputs|variables)\.[\w-]+$/.test(part.subject),
  );
}

/** What a `!` in front takes all of: a name, or something in parentheses. */
function isOneOperand(text: string): boolean {
  const inner = text.trim();
  return OPERAND.test(inner) || unwrap(inner) !== inner;
}

/** Without the parentheses around the whole of it. */
function unwrap(text: string): string {
  let inner = text;
  while (inner.startsWith('(') && closing(inner, 0) === inner.length - 1)
    inner = inner.slice(1, -1).trim();
  return inner;
}

/** The operands of `&&` where nothing weaker stands beside it. */
function splitAnd(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '?' || text.startsWith('||', at)) return [text];
    if (text.startsWith('&&', at)) {
      parts.push(text.slice(from, at));
      from = at + 2;
      at += 1;
    } else at = closing(text, at);
  }
  return [...parts, text.slice(from)];
}

/** Where what begins at `at` ends: a bracket, a text; another character ends at itself. */
function closing(text: string, at: number): number {
  const first = text[at] ?? '';
  if (first === '"' || first === "'") {
    let end = at + 1;
    while (end < text.length && text[end] !== first) end += text[end] === '\\' ? 2 : 1;
    return end;
  }
  if (!'([{'.includes(first)) return at;
  let open = 0;
  for (let end = at; end < text.length; end += 1) {
    const character = text[end] ?? '';
    if ('([{'.includes(character)) open += 1;
    else if (')]}'.includes(character)) open -= 1;
    else if (character === '"' || character === "'") end = closing(text, end);
    if (open === 0) return end;
  }
  return text.length;
}
