/** The forms whose values are not simply evaluated: loops over lists, `has` and `default`. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionFailed } from './errors.ts';
import type { Evaluation } from './evaluation.ts';
import { boolean, dynamic, type Node, type NodeCompiler } from './expression-node.ts';
import { typeName, weight } from './operators.ts';
import type { JsonValue } from './value.ts';

interface Call {
  readonly ast: ASTNode;
  readonly name: string;
  /** The receiver first. */
  readonly values: readonly ASTNode[];
}

interface Loop {
  /** Calls `visit` for each element, with the variable set; stops when it answers false. */
  each(evaluation: Evaluation, visit: (item: JsonValue) => boolean | undefined): void;
  readonly bodies: readonly Node['run'][];
}

type Form = (compiler: NodeCompiler, call: Call) => Node;

/** True for a name that `compileForm` compiles. */
export function isForm(name: string): boolean {
  return forms.has(name);
}

/** Compiles a call of a form; throws `expression.invalid` where its shape is wrong. */
export function compileForm(compiler: NodeCompiler, call: Call): Node {
  const form = forms.get(call.name);
  if (form === undefined) throw new RangeError(`no form ${call.name}`);
  return form(compiler, call);
}

const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['map', compileMap],
  ['filter', compileFilter],
  ['all', (compiler, call) => compileSearch(compiler, call, { stopsAt: false, found: false })],
  ['exists', (compiler, call) => compileSearch(compiler, call, { stopsAt: true, found: true })],
  ['exists_one', compileExistsOne],
  ['has', compileHas],
  ['default', compileDefault],
]);

function compileMap(compiler: NodeCompiler, call: Call): Node {
  const loop = compileLoop(compiler, call, [3, 4]);
  const transform = loop.bodies.at(-1);
  const test = loop.bodies.length > 1 ? loop.bodies[0] : undefined;
  return dynamic((evaluation) => {
    const made: JsonValue[] = [];
    loop.each(evaluation, () => {
      if (test !== undefined && !boolean(test(evaluation), evaluation)) return undefined;
      if (transform !== undefined) made.push(transform(evaluation));
      return undefined;
    });
    return made;
  });
}

function compileFilter(compiler: NodeCompiler, call: Call): Node {
  const loop = compileLoop(compiler, call, [3, 3]);
  const test = bodyOf(loop);
  return dynamic((evaluation) => {
    const kept: JsonValue[] = [];
    loop.each(evaluation, (item) => {
      if (boolean(test(evaluation), evaluation)) kept.push(item);
      return undefined;
    });
    return kept;
  });
}

function compileSearch(
  compiler: NodeCompiler,
  call: Call,
  search: { stopsAt: boolean; found: boolean },
): Node {
  const loop = compileLoop(compiler, call, [3, 3]);
  const test = bodyOf(loop);
  return dynamic((evaluation) => {
    let result = !search.found;
    loop.each(evaluation, () => {
      if (boolean(test(evaluation), evaluation) !== search.stopsAt) return true;
      result = search.found;
      return false;
    });
    return result;
  });
}

function compileExistsOne(compiler: NodeCompiler, call: Call): Node {
  const loop = compileLoop(compiler, call, [3, 3]);
  const test = bodyOf(loop);
  return dynamic((evaluation) => {
    let count = 0;
    loop.each(evaluation, () => {
      if (boolean(test(evaluation), evaluation)) count += 1;
      return undefined;
    });
    return count === 1;
  });
}

function bodyOf(loop: Loop): Node['run'] {
  const body = loop.bodies[0];
  if (body === undefined) throw new RangeError('a loop without a body');
  return body;
}

function compileLoop(
  compiler: NodeCompiler,
  call: Call,
  [least, most]: readonly [number, number],
): Loop {
  const [list, variable, ...bodies] = call.values;
  const count = call.values.length;
  if (list === undefined || variable?.op !== 'id' || count < least || count > most) {
    return compiler.refuse(call.ast, {
      problem: 'expression.arity',
      message: `\`${call.name}\` takes a list, a name and what to do with it`,
      hint: `Write \`list.${call.name}(x, ...)\`, with a plain name for the element.`,
    });
  }
  const elements = compiler.compile(list).run;
  return compiler.withLocal(compiler.nameOf(variable.args), (slot) => {
    const runs = bodies.map((body) => compiler.compile(body).run);
    return { bodies: runs, each: eachElement(elements, { slot, name: call.name, compiler }) };
  });
}

function eachElement(
  elements: Node['run'],
  { slot, name, compiler }: { slot: number; name: string; compiler: NodeCompiler },
): Loop['each'] {
  return (evaluation, visit) => {
    const items = itemsOf(elements(evaluation), { name, evaluation });
    for (const item of items) {
      evaluation.charge(1);
      if (compiler.builds) weight(item, evaluation);
      evaluation.locals[slot] = item;
      if (visit(item) === false) return;
    }
  };
}

/** The elements of a list; of a map the compiler has made the list of its keys by now. */
function itemsOf(
  value: JsonValue,
  { name, evaluation }: { name: string; evaluation: Evaluation },
): JsonValue[] {
  if (Array.isArray(value)) return value;
  return evaluation.fail(
    `\`${name}\` wants a list and got ${typeName(value)}`,
    'Use `[x]` to make a list of one.',
  );
}

function compileHas(compiler: NodeCompiler, call: Call): Node {
  const [subject] = call.values;
  if (subject === undefined || call.values.length !== 1) {
    return compiler.refuse(call.ast, {
      problem: 'expression.arity',
      message: '`has` takes one field, as in `has(a.output.b)`',
      hint: 'Give it the path of the field.',
    });
  }
  const { run } = compiler.compileLenient(subject);
  return dynamic((evaluation) => (run(evaluation) as JsonValue | undefined) !== undefined);
}

/** The fallback stands in for null, for what is not there, and where evaluating the value misses something. */
function compileDefault(compiler: NodeCompiler, call: Call): Node {
  const [subject, fallback] = call.values;
  if (subject === undefined || fallback === undefined || call.values.length !== 2) {
    return compiler.refuse(call.ast, {
      problem: 'expression.arity',
      message: '`default` takes a value and a fallback',
      hint: 'Write `default(value, fallback)`.',
    });
  }
  const value = compiler.compileLenient(subject).run;
  const otherwise = compiler.compile(fallback).run;
  return dynamic((evaluation) => {
    try {
      const found: JsonValue | undefined = value(evaluation);
      if (found !== undefined && found !== null) return found;
    } catch (error) {
      if (!(error instanceof ExpressionFailed && error.missing)) throw error;
    }
    return otherwise(evaluation);
  });
}
