/**
 * `troupe/workflow`: write, read and check workflows. Pure: no connection, no file, no clock.
 *
 *     const workflow = defineWorkflow({ name: 'hello', tasks: [{ id: 'greet', agent: 'echo' }] });
 *     const { definition, problems } = parseWorkflow(yamlText, { file: 'hello.yaml' });
 *
 * `defineWorkflow` checks ids with the compiler and throws `workflow.invalid`; `parseWorkflow` (a text) and
 * `compileWorkflow` (a value) throw nothing and return all problems at once. `workflowJsonSchema` is what
 * `troupe/schema/workflow.schema.json` holds. What is exported here is promised.
 */
export {
  defineWorkflow,
  type TypedEdge,
  type TypedInput,
  type TypedTask,
  type TypedWorkflow,
} from './define.ts';
export type { WorkflowDefinition } from './definition.ts';
export { TroupeError } from './errors.ts';
export { compileWorkflow, type ParseOptions, type ParseResult, parseWorkflow } from './parse.ts';
export type { Problem } from './problems.ts';
export { type WorkflowSource, workflowJsonSchema } from './schema.ts';
export type { BlobReference, JsonObject, JsonValue } from './value.ts';
