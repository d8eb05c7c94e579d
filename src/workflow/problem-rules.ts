/**
 * Every kind of problem that validation reports: what it is and what to do about it. Reports for other tools (SARIF)
 * and the documentation take their words from here.
 */

export interface ProblemRule {
  /** A short sentence: what is wrong. */
  readonly summary: string;
  /** What it means and what to do. */
  readonly help: string;
}

/** By the `code` of a problem. */
export const problemRules: Readonly<Record<string, ProblemRule>> = {
  'workflow.syntax': {
    summary: 'The text is neither YAML nor JSON.',
    help: 'Nothing else is checked until the text can be read. Indentation, an open bracket or quote, and an unquoted text with `: ` in it are the usual reasons.',
  },
  'workflow.unknown-field': {
    summary: 'The language has no such field here.',
    help: 'Unknown fields are refused, because a mistyped one would be ignored in silence. `troupe schema` lists all fields.',
  },
  'workflow.missing-field': {
    summary: 'A required field is missing.',
    help: 'Every workflow has a `name` and `tasks`, and every task has an `id`.',
  },
  'workflow.invalid-field': {
    summary: 'A field has a value that it cannot have.',
    help: 'See `troupe schema` for the type, the bounds and the allowed values.',
  },
  'workflow.not-supported': {
    summary: 'The language has this, and this release does not run it yet.',
    help: 'It is refused by name, so that no run leaves out what its author asked for. Remove it, or express it with conditions, triggers and retries.',
  },
  'workflow.key': {
    summary: 'A key of a map is not a text.',
    help: 'Keys are texts, and `<<` merges maps. Quote the key.',
  },
  'workflow.duplicate-key': {
    summary: 'A key is given twice in one map.',
    help: 'Keep one of them; which one counts would be a guess.',
  },
  'workflow.too-large': {
    summary: 'The text, or what its aliases add, is too large.',
    help: 'Split the workflow, or pass data as inputs.',
  },
  'workflow.too-deep': {
    summary: 'Values are nested too deeply.',
    help: 'Flatten the value, or pass it as a text.',
  },
  'workflow.too-many-problems': {
    summary: 'There are more problems than are listed.',
    help: 'Correct the ones that are listed first.',
  },
  'workflow.duplicate-id': {
    summary: 'Two tasks have the same id.',
    help: 'Dependencies and expressions name a task by its id, so each task needs one of its own.',
  },
  'workflow.invalid-id': {
    summary: 'This text cannot be a task id.',
    help: 'Use letters, digits, `_` and `-`; `true`, `false`, `null`, `in` and `__proto__` are refused.',
  },
  'workflow.task-kind': {
    summary: 'A task does nothing, or two things.',
    help: 'A task has exactly one of `agent`, `capability`, `wait`, `workflow` and `pass`.',
  },
  'workflow.request-twice': {
    summary: 'The request of a task is given twice.',
    help: '`request` is the same as `parameters.request`; keep one.',
  },
  'workflow.missing-dependency': {
    summary: 'A task depends on one that does not exist.',
    help: 'Add the task, correct the id, or remove the dependency.',
  },
  'workflow.repeated-dependency': {
    summary: 'A dependency is listed twice.',
    help: 'Once is enough.',
  },
  'workflow.cycle': {
    summary: 'Tasks wait for each other.',
    help: 'The message shows the path that closes the cycle. Remove one of its dependencies: a cycle never starts, and a loop needs a bound.',
  },
  'workflow.no-loop': {
    summary: 'An edge with `loop` does not lead back.',
    help: 'A loop goes from a task to one before it, or to itself. Remove `loop`, or connect the two.',
  },
  'workflow.never-runs': {
    summary: 'A task can never run.',
    help: 'Its trigger cannot hold, its condition is always false, or what it needs never comes together: the message shows two paths that exclude each other. By triggers alone it is an error, with conditions a warning.',
  },
  'workflow.unreachable': {
    summary: 'A task waits for one that can never run.',
    help: 'Mend the task before it, or change the trigger.',
  },
  'workflow.may-wait': {
    summary: 'A task can wait for ever.',
    help: 'A signal, an approval or a feed without a timeout comes before a join, or keeps a mutex. Give it a `timeout`; without, only that of the run ends it.',
  },
  'workflow.no-output': {
    summary: '`outputs` names a task that can never run.',
    help: 'A task that is skipped has no output, so the run would fail at its end. Give it a fallback with `default(a.output, null)`, or name another task.',
  },
  'workflow.needs-foreach': {
    summary: 'A field has a meaning only beside `foreach`.',
    help: 'Remove the field, or add `foreach`.',
  },
  'workflow.foreach-list': {
    summary: '`foreach` got a text where it wants a list.',
    help: 'Write a list, or an expression that yields one: `${find.output.files}`.',
  },
  'workflow.impossible-join': {
    summary: 'A join wants more instances than there are.',
    help: 'Lower `count`, or lengthen the list.',
  },
  'workflow.unknown-agent': {
    summary: 'Nobody offers this agent.',
    help: 'Correct the name, or start the worker that offers it. `troupe agents` lists the known ones.',
  },
  'workflow.unknown-capability': {
    summary: 'No agent offers this capability.',
    help: 'Correct the name, or start a worker with an agent that offers it.',
  },
  'workflow.not-a-dependency': {
    summary: 'An expression names a task that may not have ended by then.',
    help: 'Add the task to the dependencies.',
  },
  'workflow.ambiguous-name': {
    summary: 'A name in an expression has two meanings.',
    help: 'Write `inputs.x` or `variables.x`, or rename one of them.',
  },
  'workflow.free-name': {
    summary: 'A name is no task or variable and becomes an input.',
    help: 'Declare it under `inputs`, so that it has a type and a description.',
  },
  'expression.syntax': {
    summary: 'An expression cannot be read.',
    help: 'Expressions are CEL: `a.output.n > 1 && b.status == "success"`. Inside texts they stand between `${` and `}`.',
  },
  'expression.unknown-name': {
    summary: 'An expression names what does not exist.',
    help: 'A name is a task, an input, a variable, `run`, or `item` in a `foreach` task.',
  },
  'expression.unknown-function': {
    summary: 'An expression calls a function that does not exist.',
    help: 'See the language for the functions. More can be registered in code.',
  },
  'expression.arity': {
    summary: 'A function gets the wrong number of values.',
    help: '`a.f(b)` and `f(a, b)` are the same call with two values.',
  },
  'expression.type': {
    summary: 'An expression has a type that cannot be right here.',
    help: 'A condition is true or false, `foreach` takes a list, and operators take values of one type.',
  },
  'expression.literal': {
    summary: 'A literal has no form in JSON.',
    help: 'Use a text, a number, true, false or null.',
  },
  'expression.limit': {
    summary: 'An expression is too long, too large or too deep.',
    help: 'Make it smaller, or let an agent do this work.',
  },
  'input.type': {
    summary: 'A value does not have the type of its input.',
    help: 'Correct the value, or the type that is declared.',
  },
  'input.enum': {
    summary: 'A value is none of the allowed ones.',
    help: 'Use one of the values under `enum`, or add it there.',
  },
  'value.unsupported': {
    summary: 'A value has no form in JSON.',
    help: 'Use null, true, false, a finite number, a text, a list or a map.',
  },
  'cli.file-unreadable': {
    summary: 'A file cannot be read.',
    help: 'Check the path and its permissions.',
  },
};
