/**
 * Expressions: compiled once, evaluated often. An evaluation has no side effects, always ends,
 * and does a bounded amount of work.
 */
import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { ExpressionFailed, ExpressionInvalid, ExpressionLimit } from './errors.ts';
import { Evaluation, type Scope } from './evaluation.ts';
import { EMPTY_SCOPE, ExpressionCompiler } from './expression-compiler.ts';
import type { Reference } from './expression-names.ts';
import { boolean, type Node } from './expression-node.ts';
import { builtInFunctions } from './functions.ts';
import { MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_LENGTH, MAX_EXPRESSION_NODES } from './limits.ts';
import { type AliasedSource, aliasNames, type NameTable } from './names.ts';
import { isBinaryOperator, typeName, weight } from './operators.ts';
import type { JsonValue } from './value.ts';

export type { Scope, TaskScope } from './evaluation.ts';
export type { Reference } from './expression-names.ts';

/** The types of values, as `typeName` calls them. */
export type ValueType = 'null' | 'bool' | 'number' | 'string' | 'list' | 'map';

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
  const ast = parse(source, aliased);
  const node = compiler.compile(ast);
  const { run } = node;
  const { builds } = compiler;
  const constant = constantOf(node, source);
  return {
    source,
    references: compiler.references,
    constant,
    type: constant === undefined ? typeOf(ast, names) : (typeName(constant) as ValueType),
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

/** The type of what a node returns when it does not fail; only what is certain whatever the names stand for. */
function typeOf(ast: ASTNode, names: NameTable): ValueType | undefined {
  switch (ast.op) {
    case 'value':
      return literalType(ast.args);
    case 'list':
      return 'list';
    case 'map':
      return 'map';
    case '-_':
      return 'number';
    case '!_':
    case '&&':
    case '||':
      return 'bool';
    case 'call':
    case 'rcall':
      return callType(ast.args[0], names);
    case '?:': {
      const [yes, no] = [typeOf(ast.args[1], names), typeOf(ast.args[2], names)];
      return yes === no ? yes : undefined;
    }
    case '+':
      // Both sides have the type of the sum; one is enough to know it.
      return typeOf(ast.args[1], names) ?? typeOf(ast.args[0], names);
    case '-':
    case '*':
    case '/':
    case '%':
      return 'number';
    default:
      return isBinaryOperator(ast.op) ? 'bool' : undefined;
  }
}

function literalType(value: unknown): ValueType | undefined {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return typeof value === 'number' || typeof value === 'bigint' ? 'number' : undefined;
}

/** A program may put another function in the place of one of ours; nobody can replace a form. */
function callType(name: string, names: NameTable): ValueType | undefined {
  const form = FORM_TYPES.get(name);
  if (form !== undefined) return form;
  const isOurs = names.functions.get(name) === builtInFunctions.get(name);
  return isOurs ? FUNCTION_TYPES.get(name) : undefined;
}

const FORM_TYPES: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['map', 'list'],
  ['filter', 'list'],
  ['all', 'bool'],
  ['exists', 'bool'],
  ['exists_one', 'bool'],
  ['has', 'bool'],
]);

const FUNCTION_TYPES: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['size', 'number'],
  ['sum', 'number'],
  ['double', 'number'],
  ['int', 'number'],
  ['string', 'string'],
  ['json', 'string'],
  ['hash', 'string'],
  ['join', 'string'],
  ['bool', 'bool'],
  ['range', 'list'],
  ['split', 'list'],
  ['sort', 'list'],
  ['unique', 'list'],
  ['flatten', 'list'],
]);
