/** Workflows in TypeScript: the same fields as in a file, checked by the compiler as far as types can. */
import type { WorkflowDefinition } from './definition.ts';
import { WorkflowInvalid } from './errors.ts';
import { compileWorkflow, type ParseOptions } from './parse.ts';
import type { WorkflowSource } from './schema.ts';
import type { JsonObject, JsonValue } from './value.ts';

type TaskSource = WorkflowSource['tasks'][number];
type EdgeSource = NonNullable<WorkflowSource['edges']>[number];
type RegionSource = NonNullable<WorkflowSource['regions']>[string];

interface InputTypes {
  string: string;
  number: number;
  integer: number;
  boolean: boolean;
  array: readonly JsonValue[];
  object: { readonly [key: string]: JsonValue };
  any: JsonValue;
}

/** An input whose default and enumerated values have its type. */
export type TypedInput = {
  [Type in keyof InputTypes]: {
    readonly type: Type;
    readonly description?: string;
    readonly default?: InputTypes[Type];
    readonly required?: boolean;
    readonly enum?: readonly InputTypes[Type][];
  };
}[keyof InputTypes];

/** Fields that name tasks or regions: here the compiler knows which there are. */
type NamingFields =
  | 'id'
  | 'dependencies'
  | 'foreach'
  | 'region'
  | 'milestone'
  | 'cancel'
  | 'complete';

/** A task whose dependencies, and whatever else it names, are ids and regions of the same workflow. */
export type TypedTask<Id extends string, Region extends string = never> = Omit<
  TaskSource,
  NamingFields
> & {
  readonly id: Id;
  readonly dependencies?: readonly NoInfer<Id>[];
  /** A `${...}` text or a list; or a signal that adds to it while it runs. */
  readonly foreach?:
    | string
    | readonly JsonValue[]
    | { readonly feed: string; readonly items?: string | readonly JsonValue[] };
  readonly region?: Region;
  readonly milestone?: { readonly after?: NoInfer<Id>; readonly until: NoInfer<Id> };
  readonly cancel?: 'run' | readonly NoInfer<Id | Region>[];
  readonly complete?: readonly NoInfer<Id>[];
};

/** A connection between two tasks of the workflow. */
export type TypedEdge<Id extends string> = Omit<EdgeSource, 'from' | 'to'> & {
  readonly from: Id;
  readonly to: Id;
};

/** What `defineWorkflow` takes. */
export type TypedWorkflow<Id extends string, Region extends string = never> = Omit<
  WorkflowSource,
  'inputs' | 'tasks' | 'edges' | 'start' | 'end' | 'regions'
> & {
  readonly inputs?: Readonly<Record<string, TypedInput>>;
  readonly tasks: readonly TypedTask<Id, Region>[];
  readonly edges?: readonly TypedEdge<NoInfer<Id>>[];
  readonly start?: NoInfer<Id>;
  readonly end?: NoInfer<Id>;
  readonly regions?: Readonly<Partial<Record<NoInfer<Region>, RegionSource>>>;
};

/** The sources of definitions that were written in code: requests carry the file form. */
const sources = new WeakMap<WorkflowDefinition, JsonObject>();

/** The file form of a definition that `defineWorkflow` returned; undefined for any other value. */
export function sourceOf(definition: object): JsonObject | undefined {
  return sources.get(definition as WorkflowDefinition);
}

/**
 * The definition of a workflow written in code. Ids that are not in the workflow, and defaults of
 * another type than their input, are errors of the TypeScript compiler; everything else is validated
 * as in a file. Throws `workflow.invalid` with all problems in `details.problems`.
 */
export function defineWorkflow<const Id extends string, const Region extends string = never>(
  source: TypedWorkflow<Id, Region>,
  options: ParseOptions = {},
): WorkflowDefinition {
  const { definition, problems } = compileWorkflow(source, options);
  if (definition === undefined)
    throw new WorkflowInvalid(problems.filter(({ severity }) => severity === 'error'));
  sources.set(definition, source as unknown as JsonObject);
  return definition;
}
