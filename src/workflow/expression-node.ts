/** What the parts of the expression compiler share: compiled nodes, and the compiler as they see it. */
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Evaluation } from './evaluation.ts';
import { typeName } from './operators.ts';
import type { JsonValue } from './value.ts';

/** A compiled node. `constant` where it needs nothing of the evaluation. */
export interface Node {
  readonly run: (evaluation: Evaluation) => JsonValue;
  readonly constant: boolean;
}

/** The compiler as names and forms use it. */
export interface NodeCompiler {
  readonly isLenient: boolean;
  readonly builds: boolean;
  compile(ast: ASTNode): Node;
  /** Compiles so that a missing name, field or element yields `undefined`. */
  compileLenient(ast: ASTNode): Node;
  /** Compiles `body` with a variable of a loop; the body gets its slot. */
  withLocal<T>(name: string, body: (slot: number) => T): T;
  /** The name that an identifier of the parsed source stands for. */
  nameOf(identifier: string): string;
  /** Throws `expression.invalid` at a node, or at the part of it that is given. */
  refuse(ast: ASTNode, refusal: Refusal): never;
  /** The same for what does not exist: where all problems are wanted, compiling goes on with the node it returns. */
  unknown(ast: ASTNode, refusal: Refusal): Node;
  /** Where a node stands in the source as it was written. */
  spanOf(node: Span): TextSpan;
}

/** Why a node cannot be compiled. */
export interface Refusal {
  problem: string;
  message: string;
  hint: string;
  suggestion?: string;
  /** Of the parsed text; without it, the node from its own position to its end. */
  span?: Span;
}

/** Offsets in the parsed text. */
interface Span {
  readonly pos: number;
  readonly end: number;
}

/** A part of an expression as it was written, in characters. */
export interface TextSpan {
  readonly offset: number;
  readonly length: number;
}

/** Stands for "not there"; typed as a value so that the hot path needs no second signature. */
export const missing = undefined as unknown as JsonValue;

/** A node that is computed at each evaluation. */
export function dynamic(run: Node['run']): Node {
  return { run, constant: false };
}

/** A node that is always this value. */
export function constant(value: JsonValue): Node {
  return { run: () => value, constant: true };
}

/** The value where it is a boolean; otherwise the evaluation fails. */
export function boolean(value: JsonValue, evaluation: Evaluation): boolean {
  if (typeof value === 'boolean') return value;
  return evaluation.fail(
    `a condition is true or false, not ${typeName(value)}`,
    'Compare it: `x == 1`, `x.size() > 0`.',
  );
}
