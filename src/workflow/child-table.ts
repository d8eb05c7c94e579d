/**
 * The children of a definition by name: what stands in `workflows` of the file, what the caller found in other files,
 * and the workflow itself where a task runs it by its own name. The table is one for the root and all its children.
 */
import { callersOf, referencesOf } from './child-tasks.ts';
import type { WorkflowDefinition } from './definition.ts';
import { isObject } from './loose.ts';
import type { JsonObject } from './value.ts';

/** Children that were found outside of a file; see `link.ts`. */
export interface FoundChildren {
  /** By name, in the form of a file; their own references are names of this table. */
  readonly table: Readonly<Record<string, JsonObject>>;
  /** The name of the table that a reference of this file means. */
  nameOf(reference: string): string | undefined;
  /** Names that could have been meant where one is unknown. */
  readonly names?: readonly string[];
}

/** The part of a path in which a workflow stands beside another one. */
const PATH = /[/\\]|\.(ya?ml|json)$/i;

/** True for a reference that can only be a file. */
export function isPath(reference: string): boolean {
  return PATH.test(reference);
}

export class ChildTable {
  readonly entries: Readonly<Record<string, JsonObject>>;
  readonly #compile: (source: JsonObject) => WorkflowDefinition;
  readonly #found: FoundChildren | undefined;
  readonly #definitions = new Map<string, WorkflowDefinition>();

  /** `compile` makes a definition, free inputs included, and reports nothing. */
  constructor(
    root: JsonObject,
    options: {
      found: FoundChildren | undefined;
      compile(source: JsonObject, table: ChildTable): WorkflowDefinition;
    },
  ) {
    const { found } = options;
    const { workflows: own, ...self } = root;
    const entries: Record<string, JsonObject> = { ...found?.table };
    for (const [name, child] of Object.entries(isObject(own) ? own : {})) {
      if (isObject(child) && entries[name] === undefined) entries[name] = child;
    }
    const { name } = self;
    if (typeof name === 'string' && entries[name] === undefined) {
      const callers = [self, ...Object.values(entries)];
      if (callers.some((caller) => referencesOf(caller).includes(name))) entries[name] = self;
    }
    this.entries = entries;
    this.#found = found;
    this.#compile = (source) => options.compile(source, this);
  }

  nameOf(reference: string): string {
    return this.#found?.nameOf(reference) ?? reference;
  }

  /** All names that a task may write. */
  get names(): string[] {
    return [...Object.keys(this.entries), ...(this.#found?.names ?? [])];
  }

  /** Puts the names and the table into a definition. */
  link(definition: WorkflowDefinition): void {
    for (const { workflow } of callersOf(definition)) workflow.name = this.nameOf(workflow.name);
    if (Object.keys(this.entries).length > 0) definition.workflows = { ...this.entries };
    else delete definition.workflows;
  }

  /** A child as it will run, right or wrong; undefined where the table has none of this name. */
  definitionOf(name: string): WorkflowDefinition | undefined {
    const source = this.entries[name];
    if (source === undefined || !Object.hasOwn(this.entries, name)) return undefined;
    let definition = this.#definitions.get(name);
    if (definition === undefined) {
      definition = this.#compile(source);
      this.#definitions.set(name, definition);
    }
    return definition;
  }
}
