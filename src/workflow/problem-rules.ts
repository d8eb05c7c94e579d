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
  'workflow.not-in-hook': {
    summary: 'A hook has a field that only the tasks of a run have.',
    help: 'Hooks come before or after the tasks: there is nothing to cancel, to complete or to undo. Remove the field.',
  },
  'workflow.no-compensation': {
    summary: 'A task says how it is undone, and the run never undoes anything.',
    help: 'Write `settings: { on_failure: compensate }`, or remove `compensate`.',
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
    help: 'A signal or an approval without a timeout comes before a join, or keeps a mutex. Give it a `timeout`; without, only that of the run ends it.',
  },
  'workflow.no-output': {
    summary: '`outputs` names a task that can never run.',
    help: 'A task that is skipped has no output, so the run would fail at its end. Give it a fallback with `default(a.output, null)`, or name another task.',
  },
  'workflow.unknown-task': {
    summary: 'A field names a task or region that does not exist.',
    help: '`milestone` and `complete` name tasks, `cancel` names tasks and regions of the same file.',
  },
  'workflow.unknown-region': {
    summary: 'A task belongs to a region that `regions` does not list.',
    help: 'Correct the name, or add the region. A file without `regions` needs no list.',
  },
  'workflow.unused-region': {
    summary: 'No task belongs to a region.',
    help: 'Give its tasks `region`, or remove it.',
  },
  'workflow.own-name': {
    summary: 'A task names itself where it must name another.',
    help: 'A task has ended when its `cancel` and `complete` take effect, and cannot end its own milestone.',
  },
  'workflow.deadlock': {
    summary: 'Tasks and regions could wait for each other for ever.',
    help: 'A region keeps its mutexes until all its tasks have ended. The message names who would wait for whom. Let one region hold all mutexes, or put the task that is waited for into it.',
  },
  'workflow.needs-condition': {
    summary: 'A field has a meaning only where an edge has a condition.',
    help: 'A loop without a condition is taken as often as its bound says, and that is no failure. Remove `on_max`, or give the edge a `condition`.',
  },
  'workflow.needs-agent': {
    summary: '`fallback` or `limit` stands in a task that no agent does.',
    help: 'Other agents get the parameters of the one before. For a wait, a child run or a task that passes, a task with `trigger: one_failed` does the work instead.',
  },
  'workflow.needs-loop': {
    summary: '`round` stands where nothing is repeated.',
    help: 'It is the number of the round in a task with `repeat` and in tasks that an edge with `loop` leads back to. Elsewhere let the output of such a task hold the number.',
  },
  'workflow.needs-pass': {
    summary: '`output` stands beside something else than `pass`.',
    help: 'Who does the work gives the output: an agent, a person, a child run. `output` is what a task with `pass: true` computes.',
  },
  'workflow.needs-foreach': {
    summary: 'A field has a meaning only beside `foreach`.',
    help: 'Remove the field, or add `foreach`.',
  },
  'workflow.wait-kind': {
    summary: 'A wait waits for nothing, or for two things.',
    help: 'A wait has exactly one of `timer`, `signal`, `approval` and `first`; each event of `first` is a timer or a signal.',
  },
  'workflow.needs-timeout': {
    summary: '`on_timeout` stands without a `timeout`.',
    help: 'Add `timeout`, or remove `on_timeout`.',
  },
  'workflow.escalate-to': {
    summary: 'An approval escalates to nobody, or names who is never asked.',
    help: '`on_timeout: escalate` and `escalate_to` belong together.',
  },
  'workflow.unknown-group': {
    summary: 'An approval asks a group that `settings.groups` does not list.',
    help: 'Correct the name, or say who belongs to it. A file without `settings.groups` needs no list: then whoever answers is taken for one of the group.',
  },
  'workflow.quorum': {
    summary: 'More people must approve than the group has.',
    help: 'Everybody answers once. Lower `quorum`, or add people to the group.',
  },
  'workflow.remind-never': {
    summary: 'A reminder of an approval would never come.',
    help: 'It comes after its time while the task waits. It needs a time above 0, and one before the `timeout` of the approval.',
  },
  'workflow.same-signal': {
    summary: 'Two events of a `first` wait for the same signal.',
    help: 'The second can never be first; give each a signal of its own.',
  },
  'workflow.shared-signal': {
    summary: 'A feed and another task take the same signal.',
    help: 'The one that waits longer gets each of them. Use signals of different names.',
  },
  'workflow.no-attempts': {
    summary: 'A field about attempts stands at a task that has none.',
    help: 'A wait has no agent. Its time is the `timeout` of the `signal` or the `approval`.',
  },
  'workflow.join-twice': {
    summary: 'A join says twice when enough have succeeded.',
    help: 'Keep `count` or `until`; `until` can count too.',
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
  'workflow.unknown-workflow': {
    summary: 'A task runs a workflow that nothing has.',
    help: 'It is a name under `workflows`, the path of a file beside this one, or a name that `troupe templates` lists.',
  },
  'workflow.nested-workflows': {
    summary: 'A child has `workflows` of its own.',
    help: 'All children stand in the table of the file, where every one of them sees the others.',
  },
  'workflow.endless-recursion': {
    summary: 'Workflows start each other without a condition.',
    help: 'Only `max_depth` would end it, as a failure. Give one of the tasks a `condition` that is false at some depth.',
  },
  'workflow.not-a-dependency': {
    summary: 'An expression names a task that may not have ended by then.',
    help: 'Add the task to the dependencies.',
  },
  'workflow.ambiguous-name': {
    summary: 'A name has two meanings.',
    help: 'Write `inputs.x` or `variables.x`, or rename one of them. A region must not have the name of a task.',
  },
  'workflow.free-name': {
    summary: 'A name is no task or variable and becomes an input.',
    help: 'Declare it under `inputs`, so that it has a type and a description.',
  },
  'secret.literal': {
    summary: 'A secret stands in the file, or its place in another form than a reference.',
    help: 'Say where the value is: `{ env: VARIABLE }` or `{ file: PATH }`. Replace a secret that was written into a file.',
  },
  'secret.place': {
    summary: 'A secret is used where it would be logged.',
    help: 'Only parameters of a task that an agent does take `${secrets.NAME}`, alone or within a text.',
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
    help: 'The functions are listed in docs/reference/workflow-fields.md, "Functions in expressions".',
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
  'input.missing': {
    summary: 'A task does not give its child an input that the child needs.',
    help: 'Add it to `parameters`, or give the input a default in the child.',
  },
  'input.unknown': {
    summary: 'A task gives its child an input that the child does not have.',
    help: 'The `parameters` of a task that runs a workflow are the inputs of that workflow.',
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
