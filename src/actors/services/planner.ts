/**
 * From a request to a validated definition. Words and patterns need planning, which is not built yet: they are
 * refused by name, never guessed. Definitions that were seen before are not validated again.
 */
import { blobReferencesIn } from '../../log/blob-references.ts';
import type { RequestMessage } from '../../messages/request.ts';
import type { FoundChildren } from '../../workflow/child-table.ts';
import { agentsOf, type WorkflowDefinition } from '../../workflow/definition.ts';
import { TroupeError, WorkflowInvalid } from '../../workflow/errors.ts';
import { resolveInputs } from '../../workflow/inputs.ts';
import { MAX_SENT_TOKENS } from '../../workflow/limits.ts';
import { type LinkedFile, linkWorkflow } from '../../workflow/link.ts';
import { compileWorkflow, definitionHash, parseWorkflow } from '../../workflow/parse.ts';
import type { Problem } from '../../workflow/problems.ts';
import { didYouMean } from '../../workflow/suggest.ts';
import type { JsonObject } from '../../workflow/value.ts';
import { AgentUnknown } from '../host/errors.ts';

/** Definitions kept with their validation. */
const MAX_KNOWN = 64;
/** Longer texts are validated each time instead of being kept. */
const MAX_KEY = 256 * 1024;

export interface Planned {
  definition: WorkflowDefinition;
  hash: string;
  inputs: JsonObject;
  warnings: Problem[];
  /** The definition itself names blobs. */
  namesBlobs: boolean;
}

/** The request asks for something that is not built. */
class PlanningUnavailable extends TroupeError {
  readonly code = 'planning.unavailable';
  constructor(what: string) {
    super(`a request by ${what} cannot be planned by this release`, {
      hint: 'Send a workflow: its YAML or JSON text, or the object.',
      details: { what },
    });
  }
}

/** The request names a template, and none of those that come with Troupe has that name. */
class TemplateNotFound extends TroupeError {
  readonly code = 'template.not-found';
  constructor(name: string, known: readonly string[]) {
    super(`there is no template "${name}"`, {
      hint: didYouMean(name, known, `Those that come with Troupe: ${known.join(', ')}.`),
      details: { name },
    });
  }
}

/** Workflows by name that requests need not bring with them. */
export interface Templates {
  /** The text of one; undefined where there is none of that name. */
  read(name: string): string | undefined;
  /** For suggestions. */
  names(): readonly string[];
}

interface Known {
  definition: WorkflowDefinition;
  hash: string;
  warnings: Problem[];
  agents: string[];
  namesBlobs: boolean;
}

/** The agents of this orchestrator. */
export interface KnownAgents {
  has(name: string): boolean;
  names(): string[];
}

export class Planner {
  readonly #known = new Map<string, Known>();
  readonly #agents: KnownAgents;
  readonly #templates: Templates | undefined;

  constructor(agents: KnownAgents, templates?: Templates) {
    this.#agents = agents;
    this.#templates = templates;
  }

  /**
   * The plan of a child run: `definition` (with that `hash`) is the one of the run that waits for it, which was validated
   * with all its children. Throws `workflow.invalid` for inputs that do not fit.
   */
  planChild(child: {
    definition: WorkflowDefinition;
    hash: string;
    name: string | undefined;
    inputs: JsonObject;
  }): Planned {
    const { definition, hash, name, inputs: given } = child;
    const key = `${hash}/${name}`;
    const known = this.#known.get(key) ?? compileChild(definition, name);
    this.#remember(key, known);
    return planned(known, given);
  }

  /** Throws `agent.unknown` for an agent that nobody ever offered. */
  requireAgent(name: string): void {
    if (!this.#agents.has(name)) throw new AgentUnknown(name, this.#agents.names());
  }

  /** The definition of a workflow that a live run is to move to. Throws `workflow.invalid` with all problems. */
  definition(workflow: string | JsonObject): WorkflowDefinition {
    return this.#definitionOf(workflow).definition;
  }

  /** The agents that are there. */
  agents(): string[] {
    return this.#agents.names();
  }

  /** Throws `workflow.invalid` with all problems, `template.not-found`, `planning.unavailable`. */
  plan(request: RequestMessage): Planned {
    const workflow = request.workflow ?? this.#templateOf(request);
    if (workflow === undefined) {
      throw new PlanningUnavailable(
        request.text !== undefined
          ? 'text'
          : request.template !== undefined
            ? 'template'
            : 'pattern',
      );
    }
    return planned(this.#definitionOf(workflow), request.input ?? {});
  }

  /** The text of the template that is asked for; undefined where none is, or nothing is known of templates. */
  #templateOf({ template: name }: RequestMessage): string | undefined {
    const templates = this.#templates;
    if (name === undefined || templates === undefined) return undefined;
    const source = templates.read(name);
    if (source === undefined) throw new TemplateNotFound(name, templates.names());
    return source;
  }

  #definitionOf(workflow: string | JsonObject): Known {
    const key = typeof workflow === 'string' ? workflow : JSON.stringify(workflow);
    const known = this.#known.get(key);
    if (known?.agents.every((agent) => this.#agents.has(agent)) === true) return known;
    const linked = this.#link(workflow);
    const options = {
      // The list gives "did you mean"; the same list decides what is known.
      agents: this.#agents.names(),
      children: {
        ...(linked?.children ?? { table: {}, nameOf: () => undefined }),
        names: this.#templates?.names() ?? [],
      },
    };
    const parsed =
      typeof workflow === 'string'
        ? parseWorkflow(workflow, { ...options, maxTokens: MAX_SENT_TOKENS })
        : compileWorkflow(workflow, options);
    if (parsed.definition === undefined) throw new WorkflowInvalid(parsed.problems);
    const entry = knownOf(parsed.definition, parsed.problems);
    if (key.length <= MAX_KEY) this.#remember(key, entry);
    return entry;
  }

  /** Tasks that run a workflow which the request does not bring: one of the templates. */
  #link(workflow: string | JsonObject): { children: FoundChildren } | undefined {
    const templates = this.#templates;
    if (templates === undefined) return undefined;
    const root = { key: '', file: '', stem: 'workflow', source: workflow };
    const find = (name: string): LinkedFile | undefined => {
      const source = templates.read(name);
      return source === undefined ? undefined : { key: name, file: name, stem: name, source };
    };
    return linkWorkflow(root, find, { maxTokens: MAX_SENT_TOKENS })?.files[0];
  }

  #remember(key: string, entry: Known): void {
    if (this.#known.has(key)) return;
    if (this.#known.size >= MAX_KNOWN) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    this.#known.set(key, entry);
  }
}

/** With the inputs of one run. Throws `workflow.invalid` where they do not fit. */
function planned(known: Known, given: JsonObject): Planned {
  const { definition, hash, warnings, namesBlobs } = known;
  const { inputs, problems } = resolveInputs(definition, given);
  if (problems !== undefined) throw new WorkflowInvalid(problems);
  return { definition, hash, inputs, warnings, namesBlobs };
}

function knownOf(definition: WorkflowDefinition, warnings: Problem[]): Known {
  return {
    definition,
    hash: definitionHash(definition),
    warnings,
    namesBlobs: blobReferencesIn(definition).length > 0,
    agents: agentsOf(definition),
  };
}

/** A child in the form in which its parent recorded it. Its agents are not asked for: it was promised with its parent. */
function compileChild({ workflows = {} }: WorkflowDefinition, name: string | undefined): Known {
  const source = name === undefined ? undefined : workflows[name];
  const { definition, problems } = compileWorkflow(
    { ...source, workflows },
    { areChildrenChecked: true },
  );
  if (definition === undefined) throw new WorkflowInvalid(problems);
  return knownOf(definition, []);
}
