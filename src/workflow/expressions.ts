/**
 * Expressions: compiled once, evaluated often. An evaluation has no side effects, always ends,
 * and does a bounded amount of work.
 */
import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { ExpressionInvalid, ExpressionLimit } from './errors.ts';
import { Evaluation, type Scope } from './evaluation.ts';
import { ExpressionCompiler } from './expression-compiler.ts';
import type { Reference } from './expression-names.ts';
import { boolean } from './expression-node.ts';
import { MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH, MAX_EXPRESSION_NODES } from './limits.ts';
import { type AliasedSource, aliasNames, type NameTable } from './names.ts';
import { weight } from './operators.ts';
import type { JsonValue } from './value.ts';

export type { Scope, TaskScope } from './evaluation.ts';
export type { Reference } from './expression-names.ts';

/** A parsed expression. Keeps no state between evaluations; may be shared. */
export interface CompiledExpression {
  readonly source: string;
  /** All that `evaluate` may read. */
  readonly references: readonly Reference[];
  /**
   * The value in a scope. The result may share parts with the scope: treat it as read-only.
   * Throws `expression.failed` (a missing value, types that do not fit) and `expression.limit`.
   */
  evaluate(scope: Scope): JsonValue;
}

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: MAX_EXPRESSION_NODES, maxDepth: MAX_EXPRESSION_DEPTH },
});

/**
 * Compiles a CEL source (without `${}`) against the names it may use.
 * Throws `expression.invalid` (syntax, unknown name or function, wrong type of a constant; `problem`
 * says which, `offset` where) and `expression.limit` (too long, too large, too deep).
 */
export function compileExpression(source: string, names: NameTable): CompiledExpression {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionLimit({
      what: 'the length of the expression',
      limit: MAX_EXPRESSION_LENGTH,
      expression: source,
    });
  }
  const aliased = aliasNames(source, names);
  const compiler = new ExpressionCompiler({ expression: source, aliased, names });
  const { run } = compiler.compile(parse(source, aliased));
  const { builds } = compiler;
  return {
    source,
    references: compiler.references,
    evaluate(scope) {
      const evaluation = new Evaluation(scope, source);
      const value = run(evaluation);
      if (builds) weight(value, evaluation);
      return value;
    },
  };
}

/** Evaluates a condition. Throws `expression.failed` also where the value is neither true nor false. */
export function conditionHolds(condition: CompiledExpression, scope: Scope): boolean {
  const value = condition.evaluate(scope);
  return typeof value === 'boolean'
    ? value
    : boolean(value, new Evaluation(scope, condition.source));
}

function parse(source: string, aliased: AliasedSource): ASTNode {
  try {
    return environment.parse(aliased.text).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
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
      offset: aliased.offsetOf(error.range?.start ?? 0),
    });
  }
}
