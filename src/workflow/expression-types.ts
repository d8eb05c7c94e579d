/** What is known of the type of an expression before it is evaluated. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { builtInFunctions } from './functions.ts';
import type { AliasedSource, NameTable } from './names.ts';
import { isBinaryOperator } from './operators.ts';

/** The types of values, as `typeName` calls them. */
export type ValueType = 'null' | 'bool' | 'number' | 'string' | 'list' | 'map';

/** What the identifiers of a parsed expression stand for. */
interface TypeContext {
  readonly names: NameTable;
  readonly aliased: AliasedSource;
}

/** The type of what a node returns when it does not fail; only what is certain whatever the names stand for. */
export function typeOf(ast: ASTNode, context: TypeContext): ValueType | undefined {
  switch (ast.op) {
    case 'value':
      return literalType(ast.args);
    case 'id':
      return nameType(context.aliased.nameOf(ast.args), context.names);
    case '.':
      return fieldType(ast, context);
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
      return callType(ast.args[0], context.names);
    case '?:': {
      const [yes, no] = [typeOf(ast.args[1], context), typeOf(ast.args[2], context)];
      return yes === no ? yes : undefined;
    }
    case '+':
      // Both sides have the type of the sum; one is enough to know it.
      return typeOf(ast.args[1], context) ?? typeOf(ast.args[0], context);
    case '-':
    case '*':
    case '/':
    case '%':
      return 'number';
    default:
      return isBinaryOperator(ast.op) ? 'bool' : undefined;
  }
}

/** The type of a name on its own. Names of loops are no concern: the type of a loop is known without its body. */
function nameType(
  name: string,
  { tasks, inputs, variables, item, round, types }: NameTable,
): ValueType | undefined {
  if (name === 'inputs' || name === 'variables' || name === 'run') return 'map';
  if (item && (name === 'item' || name === 'index')) return name === 'index' ? 'number' : undefined;
  if (tasks.has(name)) return 'map';
  if (inputs.has(name)) return types?.input(name);
  if (variables.has(name)) return types?.variable(name);
  return name === 'round' && round === 'here' ? 'number' : undefined;
}

function fieldType(
  ast: ASTNode & { op: '.' },
  { names, aliased }: TypeContext,
): ValueType | undefined {
  const [target, identifier] = ast.args;
  if (target.op !== 'id') return undefined;
  const [name, field] = [aliased.nameOf(target.args), aliased.nameOf(identifier)];
  if (names.tasks.has(name)) return TASK_FIELD_TYPES.get(field);
  if (name === 'inputs') return names.inputs.has(field) ? names.types?.input(field) : undefined;
  return name === 'variables' && names.variables.has(field)
    ? names.types?.variable(field)
    : undefined;
}

const TASK_FIELD_TYPES: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['status', 'string'],
  ['attempts', 'number'],
  ['duration', 'number'],
]);

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
