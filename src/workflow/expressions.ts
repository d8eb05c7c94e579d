/**
 * Expressions: compiled once, evaluated often. An evaluation has no side effects, always ends,
 * and does a bounded amount of work.
 */
import type { ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { ExpressionFailed, ExpressionInvalid, ExpressionLimit } from './errors.ts';
import { Evaluation, type Scope } from './evaluation.ts';
import { EMPTY_SCOPE, ExpressionCompiler } from './expression-compiler.ts';
import type { Reference } from './expression-names.ts';
import { boolean, type Node } from './expression-node.ts';
import { typeOf, type ValueType } from './expression-types.ts';
import { cel } from './late-libraries.ts';
import { MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH, MAX_EXPRESSION_NODES } from './limits.ts';
import { type AliasedSource, aliasNames, type NameTable } from './names.ts';
import { typeName, weight } from './operators.ts';
import type { JsonValue } from './value.ts';

export type { Scope, TaskScope } from './evaluation.ts';
export type { Reference } from './expression-names.ts';
export type { ValueType } from './expression-types.ts';

/** A parsed expression. Keeps no state between evaluations; may be shared. */
export interface CompiledExpression {
  readonly source: string;
  /** All that `evaluate` may read. */
  readonly references: readonly Reference[];
  /** The value where it is the same in every scope and known without one; undefined where it may differ. */
  readonly constant: JsonValue | undefined;
  /** The type of every value that `evaluate` can return; undefined where that is not certain. */
  readonly type: ValueType | undefined;
  /**
   * The value in a scope. The result may share parts with the scope: treat it as read-only.
   * Throws `expression.failed` (a missing value, types that do not fit) and `expression.limit`.
   */
  evaluate(scope: Scope): JsonValue;
}

let environment: Environment | undefined;

function environmentOfAll(): Environment {
  const { Environment } = cel();
  environment ??= new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: MAX_EXPRESSION_NODES, maxDepth: MAX_EXPRESSION_DEPTH },
  });
  return environment;
}

/**
 * Compiles a CEL source (without `${}`) against the names it may use.
 * Throws `expression.invalid` (syntax, unknown name or function, wrong type of a constant; `problem`
 * says which, `offset` where) and `expression.limit` (too long, too large, too deep). With `onUnknown` unknown names
 * and functions are handed to it instead, all of them; the result must not be evaluated then.
 */
export function compileExpression(
  source: string,
  names: NameTable,
  onUnknown?: (problem: ExpressionInvalid) => void,
): CompiledExpression {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionLimit({
      what: 'the length of the expression',
      limit: MAX_EXPRESSION_LENGTH,
      expression: source,
    });
  }
  const aliased = aliasNames(source, names);
  const compiler = new ExpressionCompiler({ expression: source, aliased, names, onUnknown });
  const ast = parse(source, aliased);
  const node = compiler.compile(ast);
  const { run } = node;
  const { builds } = compiler;
  const constant = constantOf(node, source);
  return {
    source,
    references: compiler.references,
    constant,
    type:
      constant === undefined ? typeOf(ast, { names, aliased }) : (typeName(constant) as ValueType),
    evaluate(scope) {
      const evaluation = new Evaluation(scope, source);
      const value = run(evaluation);
      if (builds) weight(value, evaluation);
      return value;
    },
  };
}

/** What came of one expression: all that is told of it, each time. */
interface Outcome {
  readonly unknown: readonly ExpressionInvalid[];
  readonly compiled?: CompiledExpression;
  readonly error?: unknown;
}

/**
 * `compileExpression` that compiles each source once for each table of names. What it keeps lives as long as the table.
 */
export function compilerWithMemory(): typeof compileExpression {
  const known = new WeakMap<NameTable, Map<string, Outcome>>();
  return (source, names, onUnknown) => {
    if (onUnknown === undefined) return compileExpression(source, names);
    let outcomes = known.get(names);
    if (outcomes === undefined) {
      outcomes = new Map();
      known.set(names, outcomes);
    }
    let outcome = outcomes.get(source);
    if (outcome === undefined) {
      outcome = outcomeOf(source, names);
      outcomes.set(source, outcome);
    }
    for (const problem of outcome.unknown) onUnknown(problem);
    if (outcome.compiled === undefined) throw outcome.error;
    return outcome.compiled;
  };
}

function outcomeOf(source: string, names: NameTable): Outcome {
  const unknown: ExpressionInvalid[] = [];
  try {
    const compiled = compileExpression(source, names, (problem) => unknown.push(problem));
    return { unknown, compiled };
  } catch (error) {
    return { unknown, error };
  }
}

/** Evaluates a condition. Throws `expression.failed` also where the value is neither true nor false. */
export function conditionHolds(condition: CompiledExpression, scope: Scope): boolean {
  const value = condition.evaluate(scope);
  return typeof value === 'boolean'
    ? value
    : boolean(value, new Evaluation(scope, condition.source));
}

/** A constant that only fails has no value. */
function constantOf(node: Node, source: string): JsonValue | undefined {
  if (!node.constant) return undefined;
  try {
    return node.run(new Evaluation(EMPTY_SCOPE, source));
  } catch (error) {
    if (error instanceof ExpressionFailed || error instanceof ExpressionLimit) return undefined;
    throw error;
  }
}

function parse(source: string, aliased: AliasedSource): ASTNode {
  try {
    return environmentOfAll().parse(aliased.text).ast;
  } catch (error) {
    if (!(error instanceof cel().ParseError)) throw error;
    if (error.code === 'limit_exceeded') {
      throw new ExpressionLimit({
        what: 'the size or nesting of the expression',
        limit: MAX_EXPRESSION_NODES,
        expression: source,
      });
    }
    throw new ExpressionInvalid({
      problem: 'expression.syntax',
      message: source.trim() === '' ? 'the expression is empty' : `syntax error: ${error.summary}`,
      hint: 'Expressions are CEL: `a.output.n > 1 && b.status == "success"`.',
      expression: source,
      ...spanOf(error, aliased),
    });
  }
}

function spanOf(error: ParseError, aliased: AliasedSource): { offset: number; length: number } {
  const offset = aliased.offsetOf(error.range?.start ?? 0);
  return { offset, length: Math.max(0, aliased.offsetOf(error.range?.end ?? 0) - offset) };
}
