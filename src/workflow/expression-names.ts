/**
 * What the names of one expression stand for, and which of them it uses.
 * Size: one short method for each kind of name.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Evaluation, TASK_FIELDS, type TaskField, type TaskScope } from './evaluation.ts';
import {
  dynamic,
  missing,
  type Node,
  type NodeCompiler,
  type TextSpan,
} from './expression-node.ts';
import type { NameTable } from './names.ts';
import { access } from './operators.ts';
import { SECRET_USE } from './secrets.ts';
import { type Advice, suggest } from './suggest.ts';
import type { JsonObject, JsonValue } from './value.ts';

/** Names that nobody declares. */
type BuiltIn = 'inputs' | 'variables' | 'run' | 'item' | 'index' | 'round';

/**
 * One thing that an expression reads. `at` is where it is named first. `fields` of a task are those that it may touch;
 * it is `optional` where every use of it has a default.
 */
export type Reference =
  | {
      readonly kind: 'task';
      readonly id: string;
      readonly fields: readonly TaskField[];
      readonly at: TextSpan;
      readonly optional: boolean;
    }
  | { readonly kind: 'input' | 'variable'; readonly name: string; readonly at: TextSpan }
  | { readonly kind: BuiltIn };

interface TaskUse {
  readonly fields: Set<TaskField>;
  readonly at: TextSpan;
  optional: boolean;
}

type Meaning =
  | { kind: 'local'; slot: number }
  | { kind: 'task' | 'input' | 'variable'; name: string }
  | { kind: BuiltIn };

export class NameResolver {
  private readonly compiler: NodeCompiler;
  private readonly names: NameTable;
  private readonly locals: string[] = [];
  private readonly tasks = new Map<string, TaskUse>();
  private readonly others = new Map<string, Reference>();

  constructor(compiler: NodeCompiler, names: NameTable) {
    this.compiler = compiler;
    this.names = names;
  }

  get isInsideLoop(): boolean {
    return this.locals.length > 0;
  }

  /** Compiles `body` with a variable of a loop; the body gets its slot. */
  withLocal<T>(name: string, body: (slot: number) => T): T {
    this.locals.push(name);
    try {
      return body(this.locals.length - 1);
    } finally {
      this.locals.pop();
    }
  }

  references(): Reference[] {
    const tasks = [...this.tasks].map(
      ([id, { fields, at, optional }]): Reference => ({
        kind: 'task',
        id,
        fields: [...fields],
        at,
        optional,
      }),
    );
    return [...tasks, ...this.others.values()];
  }

  /** A name on its own. */
  name(ast: ASTNode, name: string): Node {
    const meaning = this.meaningOf(ast, name, undefined);
    if (meaning === undefined) return dynamic(() => missing);
    if (meaning === 'unknown') return this.unknownName(ast, name);
    switch (meaning.kind) {
      case 'local':
        return dynamic((evaluation) => evaluation.locals[meaning.slot] ?? null);
      case 'task':
        return this.wholeTask(ast, meaning.name);
      case 'input':
      case 'variable':
        return this.member(ast, meaning.kind, meaning.name);
      default:
        return this.builtIn(meaning.kind);
    }
  }

  /** `name.field` where the name decides what the field is; `undefined` where it is an ordinary value. */
  fieldOf(ast: ASTNode & { op: '.' }, field: string): Node | undefined {
    const [target] = ast.args;
    if (target.op !== 'id') return undefined;
    const name = this.compiler.nameOf(target.args);
    const meaning = this.meaningOf(target, name, field);
    if (meaning === 'unknown') return this.unknownName(target, name);
    if (meaning?.kind === 'task') return this.taskField(ast, meaning.name, field);
    if (meaning?.kind !== 'inputs' && meaning?.kind !== 'variables') return undefined;
    const kind = meaning.kind === 'inputs' ? 'input' : 'variable';
    const declared = meaning.kind === 'inputs' ? this.names.inputs : this.names.variables;
    if (!declared.has(field) && !this.compiler.isLenient) {
      if (kind === 'variable' || this.names.free === undefined) {
        const advice = suggest(field, declared.keys(), `Declare the ${kind}.`, this.names);
        return this.unknown(ast, `${kind} \`${field}\``, advice);
      }
      this.noteFree(field);
    }
    return this.member(ast, kind, field);
  }

  /** `undefined` for what may be absent. */
  private meaningOf(
    ast: ASTNode,
    name: string,
    field: string | undefined,
  ): Meaning | 'unknown' | undefined {
    const slot = this.locals.lastIndexOf(name);
    if (slot !== -1) return { kind: 'local', slot };
    const { tasks, inputs, variables, as } = this.names;
    const isTaskField = (TASK_FIELDS as readonly (string | undefined)[]).includes(field);
    const builtIn = this.builtInMeaning(name);
    if (builtIn !== undefined && !(isTaskField && tasks.has(name))) return builtIn;
    const meanings: Meaning[] = [];
    if (tasks.has(name)) meanings.push({ kind: 'task', name });
    if (inputs.has(name)) meanings.push({ kind: 'input', name });
    if (variables.has(name)) meanings.push({ kind: 'variable', name });
    if (as === name) meanings.push({ kind: 'item' });
    if (meanings.length > 1) this.ambiguous(ast, name, meanings);
    if (meanings.length === 0 && name === 'round') return this.roundMeaning(name, field);
    return meanings[0] ?? this.absent(name, field);
  }

  /** In a file without loops it may be a free name like any other. */
  private roundMeaning(name: string, field: string | undefined): Meaning | 'unknown' | undefined {
    if (this.names.round === 'here') return { kind: 'round' };
    if (this.names.round === undefined) return this.absent(name, field);
    return this.compiler.isLenient ? undefined : 'unknown';
  }

  private builtInMeaning(name: string): Meaning | undefined {
    if (name === 'inputs' || name === 'variables' || name === 'run') return { kind: name };
    if (this.names.item && (name === 'item' || name === 'index')) return { kind: name };
    return undefined;
  }

  private ambiguous(ast: ASTNode, name: string, meanings: readonly Meaning[]): never {
    this.compiler.refuse(ast, {
      problem: 'workflow.ambiguous-name',
      message: `\`${name}\` is ambiguous: ${meanings.map((meaning) => meaning.kind).join(' and ')}`,
      hint: `Write \`inputs.${name}\` or \`variables.${name}\`, or rename one of them.`,
    });
  }

  /** An unknown name: an input in a file without `inputs`, absent inside `default`, otherwise an error. */
  private absent(name: string, field: string | undefined): Meaning | 'unknown' | undefined {
    if (this.names.free !== undefined && field === undefined) {
      this.noteFree(name);
      return { kind: 'input', name };
    }
    return this.compiler.isLenient ? undefined : 'unknown';
  }

  private unknownName(ast: ASTNode, name: string): Node {
    if (name === 'secrets') this.refuseSecrets(ast);
    if (name === 'round') return this.roundOutside(ast);
    const known = knownNames(this.names);
    const otherwise =
      name === 'output'
        ? 'Write the id of the task before it, also of this one: `build.output`.'
        : 'A name is a task, an input, a variable, `run`, or `item` in a `foreach` task.';
    return this.unknown(ast, `name \`${name}\``, suggest(name, known, otherwise, this.names));
  }

  private roundOutside(ast: ASTNode): Node {
    return this.compiler.unknown(ast, {
      problem: 'workflow.needs-loop',
      message: '`round` is the number of a round, and this is in no loop',
      hint: 'It exists in a task with `repeat`, and in tasks that an edge with `loop` leads back to; elsewhere let the output of such a task hold it.',
    });
  }

  private refuseSecrets(ast: ASTNode): never {
    this.compiler.refuse(ast, {
      problem: 'secret.place',
      message: 'an expression cannot read a secret',
      hint: SECRET_USE,
    });
  }

  private unknown(ast: ASTNode, what: string, advice: Advice): Node {
    return this.compiler.unknown(ast, {
      problem: 'expression.unknown-name',
      message: `there is no ${what}`,
      ...advice,
    });
  }

  private noteFree(name: string): void {
    const known = this.names.free?.get(name);
    const optional = this.compiler.isLenient && known?.optional !== false;
    this.names.free?.set(name, { optional });
  }

  private taskField(ast: ASTNode & { op: '.' }, id: string, field: string): Node {
    if (!isTaskField(field)) {
      return this.unknown(
        ast,
        `field \`${field}\` of a task`,
        suggest(field, TASK_FIELDS, `A task has ${TASK_FIELDS.join(', ')}.`),
      );
    }
    this.noteTask(ast.args[0], id, [field]);
    const isLenient = this.compiler.isLenient;
    const read = READERS[field];
    return dynamic((evaluation) => {
      const value = read(evaluation.scope.task(id));
      if (value !== undefined) return value;
      return isLenient ? missing : missingOf({ id, field }, evaluation);
    });
  }

  private wholeTask(ast: ASTNode, id: string): Node {
    this.noteTask(ast, id, TASK_FIELDS);
    return dynamic((evaluation) => {
      const task = evaluation.scope.task(id);
      const whole: JsonObject = {};
      for (const field of TASK_FIELDS) {
        const value = READERS[field](task);
        if (value !== undefined) whole[field] = value;
      }
      return whole;
    });
  }

  private noteTask(ast: ASTNode, id: string, fields: readonly TaskField[]): void {
    const known = this.tasks.get(id) ?? {
      fields: new Set(),
      at: this.compiler.spanOf(ast),
      optional: true,
    };
    for (const field of fields) known.fields.add(field);
    known.optional &&= this.compiler.isLenient;
    this.tasks.set(id, known);
  }

  private member(ast: ASTNode, kind: 'input' | 'variable', name: string): Node {
    const key = `${kind} ${name}`;
    if (!this.others.has(key)) this.others.set(key, { kind, name, at: this.compiler.spanOf(ast) });
    const isLenient = this.compiler.isLenient;
    return dynamic((evaluation) => {
      const from = kind === 'input' ? evaluation.scope.inputs : evaluation.scope.variables;
      const value = access(from, name, evaluation);
      if (value !== undefined) return value;
      return isLenient ? missing : evaluation.missing(`the ${kind} \`${name}\``);
    });
  }

  private builtIn(kind: BuiltIn): Node {
    this.others.set(kind, { kind });
    const read = BUILT_INS[kind];
    const isLenient = this.compiler.isLenient;
    return dynamic((evaluation) => {
      const value = read(evaluation);
      if (value !== undefined) return value;
      return isLenient ? missing : evaluation.missing(`\`${kind}\``);
    });
  }
}

/** What to do about a function that does not exist. */
export function functionAdvice(name: string, { functions }: NameTable): Advice {
  if (name !== 'matches')
    return suggest(name, functions.keys(), 'User functions are registered in code.');
  const hint =
    'Regular expressions are not part of the language; use `glob`, `contains` or `startsWith`.';
  return { hint };
}

/** Inputs and variables first: a look at the nearest names sees a bounded number of them. */
function* knownNames({ tasks, inputs, variables }: NameTable): Generator<string> {
  yield* ['inputs', 'variables', 'run', 'item'];
  yield* inputs.keys();
  yield* variables.keys();
  yield* tasks.keys();
}

/** Says how the task ended: what was skipped or failed has no output to give. */
function missingOf({ id, field }: { id: string; field: TaskField }, evaluation: Evaluation): never {
  const status = evaluation.scope.task(id)?.status ?? 'pending';
  const why = status === 'success' ? '' : ` because the task is ${status}`;
  return evaluation.missing(`\`${id}.${field}\``, why);
}

function isTaskField(field: string): field is TaskField {
  return (TASK_FIELDS as readonly string[]).includes(field);
}

/** A task that the scope does not know yet reads as pending; `error` without an error is null. */
const READERS: Readonly<Record<TaskField, (task: TaskScope | undefined) => JsonValue | undefined>> =
  {
    output: (task) => task?.output,
    status: (task) => task?.status ?? 'pending',
    error: (task) => task?.error ?? null,
    attempts: (task) => task?.attempts ?? 0,
    duration: (task) => task?.duration ?? 0,
  };

const BUILT_INS: Readonly<Record<BuiltIn, (evaluation: Evaluation) => JsonValue | undefined>> = {
  inputs: (evaluation) => evaluation.scope.inputs,
  variables: (evaluation) => evaluation.scope.variables,
  run: (evaluation) => evaluation.scope.run,
  item: (evaluation) => evaluation.scope.item,
  index: (evaluation) => evaluation.scope.index,
  round: (evaluation) => evaluation.scope.round,
};
