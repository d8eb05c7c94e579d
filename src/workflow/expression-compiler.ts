/**
 * Turns a parsed expression into a function. CEL's grammar and precedence come from the library's
 * parser; the meaning is ours, because the language has one number type, branches and lists of
 * mixed types, and a bound on the work of every evaluation, which the library's evaluator has not.
 *
 * Longer than 300 lines because it has one short method for each kind of node.
 *
 * K1 A compiled node never returns `undefined` unless it was compiled as lenient; there it means
 *    "not there", for `default` and `has`.
 * K2 Whatever an expression reads of a task is in `references`; nothing else is asked of the scope.
 * K3 A node whose operands are constant is computed here, so that a wrong type is found at validation.
 * K4 What a loop repeats is counted as work by the number of its nodes, which is known here: operators and
 *    fields themselves count nothing, so that an expression without loops pays nothing.
 * Size: one case for each kind of node in the syntax tree.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionFailed, ExpressionInvalid } from './errors.ts';
import { Evaluation } from './evaluation.ts';
import { charged, overElements } from './expression-cost.ts';
import { compileForm, isForm } from './expression-forms.ts';
import { functionAdvice, NameResolver, type Reference } from './expression-names.ts';
import {
  boolean,
  constant,
  dynamic,
  missing,
  type Node,
  type NodeCompiler,
  type Refusal,
  type TextSpan,
} from './expression-node.ts';
import type { AliasedSource, NameTable } from './names.ts';
import {
  access,
  binaryOperations,
  finite,
  isBinaryOperator,
  mapKey,
  typeName,
} from './operators.ts';
import type { JsonObject, JsonValue } from './value.ts';

export interface CompileOptions {
  readonly expression: string;
  readonly aliased: AliasedSource;
  readonly names: NameTable;
  /** Told of each unknown name and function; without it the first one is thrown. */
  readonly onUnknown?: ((problem: ExpressionInvalid) => void) | undefined;
}

const LOOPS: ReadonlySet<string> = new Set(['map', 'filter', 'all', 'exists', 'exists_one']);
/** What an expression without names needs. */
export const EMPTY_SCOPE = { inputs: {}, variables: {}, run: {}, task: () => undefined };

export class ExpressionCompiler implements NodeCompiler {
  private readonly resolver: NameResolver;
  /** True once a list or map is built inside a `map` or `filter`: only then can a result be larger than its text. */
  builds = false;
  readonly options: CompileOptions;
  private lenient = false;
  /** Nodes compiled so far, and how deep the present one stands. */
  private nodes = 0;
  private depth = 0;
  /** The depth of the bodies of the innermost loop. */
  private bodyDepth = -1;
  /** What the loops go over. */
  private readonly loopSubjects = new Set<ASTNode>();

  constructor(options: CompileOptions) {
    this.options = options;
    this.resolver = new NameResolver(this, options.names);
  }

  get references(): Reference[] {
    return this.resolver.references();
  }

  compile(ast: ASTNode): Node {
    const wasLenient = this.lenient;
    const isBody = this.depth === this.bodyDepth;
    const before = this.nodes;
    this.nodes += 1;
    this.depth += 1;
    if (ast.op !== '.' && ast.op !== '[]' && ast.op !== 'id') this.lenient = false;
    try {
      const node = this.dispatch(ast);
      if (isBody) return charged(node, this.nodes - before);
      return this.loopSubjects.has(ast) ? overElements(node) : node;
    } finally {
      this.lenient = wasLenient;
      this.depth -= 1;
    }
  }

  /** Compiles so that a missing name, field or element yields `undefined`. */
  compileLenient(ast: ASTNode): Node {
    const wasLenient = this.lenient;
    this.lenient = true;
    try {
      return this.compile(ast);
    } finally {
      this.lenient = wasLenient;
    }
  }

  get isLenient(): boolean {
    return this.lenient;
  }

  withLocal<T>(name: string, body: (slot: number) => T): T {
    const outer = this.bodyDepth;
    this.bodyDepth = this.depth;
    try {
      return this.resolver.withLocal(name, body);
    } finally {
      this.bodyDepth = outer;
    }
  }

  nameOf(identifier: string): string {
    return this.options.aliased.nameOf(identifier);
  }

  refuse(ast: ASTNode, refusal: Refusal): never {
    throw this.problem(ast, refusal);
  }

  unknown(ast: ASTNode, refusal: Refusal): Node {
    const problem = this.problem(ast, refusal);
    if (this.options.onUnknown === undefined) throw problem;
    this.options.onUnknown(problem);
    return dynamic(() => missing);
  }

  private problem(ast: ASTNode, { span = ast, ...refusal }: Refusal): ExpressionInvalid {
    const { expression } = this.options;
    return new ExpressionInvalid({ ...refusal, expression, ...this.spanOf(span) });
  }

  spanOf({ pos, end }: { pos: number; end: number }): TextSpan {
    const offset = this.options.aliased.offsetOf(pos);
    return { offset, length: Math.max(0, this.options.aliased.offsetOf(end) - offset) };
  }

  private dispatch(ast: ASTNode): Node {
    switch (ast.op) {
      case 'value':
        return this.literal(ast);
      case 'id':
        return this.resolver.name(ast, this.allowed(ast, this.nameOf(ast.args)));
      case '.':
        return this.field(ast);
      case '[]':
        return this.element(ast);
      case 'call':
        return this.call(ast, ast.args[0], ast.args[1]);
      case 'rcall':
        return this.call(ast, ast.args[0], [ast.args[1], ...ast.args[2]]);
      case 'list':
        return this.list(ast.args);
      case 'map':
        return this.map(ast.args);
      case '?:':
        return this.conditional(ast.args);
      case '&&':
        return this.logical(ast, false);
      case '||':
        return this.logical(ast, true);
      case '!_':
        return this.not(ast, ast.args);
      case '-_':
        return this.negative(ast, ast.args);
      default:
        return this.operator(ast);
    }
  }

  /** An object cannot have a field of this name, so nothing that a name stands for can have it. */
  private allowed(ast: ASTNode, name: string): string {
    if (name !== '__proto__') return name;
    return this.refuse(ast, {
      problem: 'expression.unknown-name',
      message: '`__proto__` cannot be a name',
      hint: 'Use another name.',
    });
  }

  private literal(ast: ASTNode & { op: 'value' }): Node {
    const raw: unknown = ast.args;
    if (raw === null || typeof raw === 'string' || typeof raw === 'boolean') return constant(raw);
    const isNumber = typeof raw === 'number' || typeof raw === 'bigint';
    if (isNumber && Number.isFinite(Number(raw))) return constant(Number(raw));
    return this.refuse(ast, {
      problem: 'expression.literal',
      message: 'this literal has no place in JSON',
      hint: 'Use a text, a number, true, false or null; numbers need no suffix.',
    });
  }

  private field(ast: ASTNode & { op: '.' }): Node {
    const [target, identifier] = ast.args;
    const name = this.nameOf(identifier);
    if (target.op === 'id' && this.nameOf(target.args) === 'inputs') this.allowed(ast, name);
    const named = target.op === 'id' ? this.resolver.fieldOf(ast, name) : undefined;
    if (named !== undefined) return named;
    const { run } = this.compile(target);
    if (this.lenient) {
      return dynamic((evaluation) => {
        const value: JsonValue | undefined = run(evaluation);
        return value === undefined ? missing : (access(value, name, evaluation) ?? missing);
      });
    }
    return dynamic((evaluation) => {
      const found = access(run(evaluation), name, evaluation);
      // A field that is null is there.
      return found === undefined ? evaluation.missing(`\`${name}\``) : found;
    });
  }

  private element(ast: ASTNode & { op: '[]' }): Node {
    const target = this.compile(ast.args[0]).run;
    const isLenient = this.lenient;
    const key = this.strictly(ast.args[1]).run;
    return dynamic((evaluation) => {
      const value: JsonValue | undefined = target(evaluation);
      if (value === undefined) return missing;
      const at = key(evaluation);
      const found = access(value, at, evaluation);
      if (found !== undefined) return found;
      return isLenient ? missing : evaluation.missing(`element ${JSON.stringify(at)}`);
    });
  }

  private strictly(ast: ASTNode): Node {
    const wasLenient = this.lenient;
    this.lenient = false;
    try {
      return this.compile(ast);
    } finally {
      this.lenient = wasLenient;
    }
  }

  private call(ast: ASTNode & { op: 'call' | 'rcall' }, name: string, values: ASTNode[]): Node {
    if (LOOPS.has(name) && values[0] !== undefined) this.loopSubjects.add(values[0]);
    if (isForm(name)) return compileForm(this, { ast, name, values });
    const found = this.options.names.functions.get(name);
    if (found === undefined) return this.unknownFunction(ast, name, values);
    if (values.length < found.minimum || values.length > found.maximum) {
      const wanted =
        found.minimum === found.maximum ? found.minimum : `${found.minimum} to ${found.maximum}`;
      return this.refuse(ast, {
        problem: 'expression.arity',
        message: `\`${name}\` takes ${wanted} values and got ${values.length}`,
        hint: `\`a.${name}(b)\` and \`${name}(a, b)\` are the same call with two values.`,
      });
    }
    const runs = values.map((value) => this.compile(value).run);
    return dynamic((evaluation) => {
      const given = runs.map((run) => run(evaluation));
      for (const value of given)
        evaluation.chargeText(typeof value === 'string' ? value.length : 1);
      return found.run(given, evaluation);
    });
  }

  private unknownFunction(
    ast: ASTNode & { op: 'call' | 'rcall' },
    name: string,
    values: readonly ASTNode[],
  ): Node {
    const from = ast.op === 'rcall' ? ast.args[1].end : ast.pos;
    const pos = Math.max(from, this.options.aliased.text.indexOf(name, from));
    const unknown = this.unknown(ast, {
      problem: 'expression.unknown-function',
      message: `there is no function \`${name}\``,
      ...functionAdvice(name, this.options.names),
      span: { pos, end: pos + name.length },
    });
    for (const value of values) this.compile(value);
    return unknown;
  }

  private list(items: ASTNode[]): Node {
    const nodes = items.map((item) => this.compile(item));
    if (this.resolver.isInsideLoop) this.builds = true;
    const runs = nodes.map((node) => node.run);
    return {
      constant: nodes.every((node) => node.constant),
      run: (evaluation) => {
        evaluation.charge(runs.length);
        return runs.map((run) => run(evaluation));
      },
    };
  }

  private map(entries: (readonly [ASTNode, ASTNode])[]): Node {
    const pairs = entries.map(([key, value]) => [this.compile(key), this.compile(value)] as const);
    if (this.resolver.isInsideLoop) this.builds = true;
    return {
      constant: pairs.every(([key, value]) => key.constant && value.constant),
      run: (evaluation) => {
        evaluation.charge(pairs.length);
        const made: JsonObject = {};
        for (const [key, value] of pairs) {
          const name = key.run(evaluation);
          made[mapKey(name, evaluation)] = value.run(evaluation);
        }
        return made;
      },
    };
  }

  private conditional([condition, positive, negative]: readonly [ASTNode, ASTNode, ASTNode]): Node {
    const test = this.compile(condition).run;
    const yes = this.compile(positive).run;
    const no = this.compile(negative).run;
    return dynamic((evaluation) =>
      boolean(test(evaluation), evaluation) ? yes(evaluation) : no(evaluation),
    );
  }

  /** CEL's rule: the side that decides wins even when the other one fails. `decides` is true for `||`. */
  private logical(ast: ASTNode & { op: '&&' | '||' }, decides: boolean): Node {
    const left = this.compile(ast.args[0]).run;
    const right = this.compile(ast.args[1]).run;
    return dynamic((evaluation) => {
      let first: boolean;
      try {
        first = boolean(left(evaluation), evaluation);
      } catch (error) {
        if (!(error instanceof ExpressionFailed)) throw error;
        if (boolean(right(evaluation), evaluation) === decides) return decides;
        throw error;
      }
      return first === decides ? decides : boolean(right(evaluation), evaluation);
    });
  }

  private not(ast: ASTNode, operand: ASTNode): Node {
    const { run, constant: isConstant } = this.compile(operand);
    return this.folded(ast, {
      constant: isConstant,
      run: (evaluation) => !boolean(run(evaluation), evaluation),
    });
  }

  private negative(ast: ASTNode, operand: ASTNode): Node {
    const { run, constant: isConstant } = this.compile(operand);
    return this.folded(ast, {
      constant: isConstant,
      run: (evaluation) => {
        const value = run(evaluation);
        if (typeof value === 'number') return finite(-value, evaluation);
        return evaluation.fail(
          `\`-\` does not take ${typeName(value)}`,
          'Only numbers have a sign.',
        );
      },
    });
  }

  private operator(ast: ASTNode): Node {
    if (!isBinaryOperator(ast.op)) {
      return this.refuse(ast, {
        problem: 'expression.syntax',
        message: `\`${ast.op}\` is not part of the language`,
        hint: 'Use `default(value, fallback)` for what may be absent.',
      });
    }
    const [leftAst, rightAst] = ast.args as readonly [ASTNode, ASTNode];
    const left = this.compile(leftAst);
    const right = this.compile(rightAst);
    const operation = binaryOperations[ast.op];
    const [runLeft, runRight] = [left.run, right.run];
    return this.folded(ast, {
      constant: left.constant && right.constant,
      run: (evaluation) => operation(runLeft(evaluation), runRight(evaluation), evaluation),
    });
  }

  /** K3 */
  private folded(ast: ASTNode, node: Node): Node {
    if (!node.constant) return node;
    try {
      return constant(node.run(new Evaluation(EMPTY_SCOPE, this.options.expression)));
    } catch (error) {
      if (!(error instanceof ExpressionFailed)) throw error;
      return this.refuse(ast, {
        problem: 'expression.type',
        message: error.message,
        hint: error.hint,
      });
    }
  }
}
