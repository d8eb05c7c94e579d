/**
 * From a request to a validated definition. Words, templates and patterns need planning, which is not built yet:
 * they are refused by name, never guessed. Definitions that were seen before are not validated again.
 */
import { blobReferencesIn } from '../../log/blob-references.ts';
import type { RequestMessage } from '../../messages/request.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { TroupeError, WorkflowInvalid } from '../../workflow/errors.ts';
import { resolveInputs } from '../../workflow/inputs.ts';
import { MAX_SENT_TOKENS } from '../../workflow/limits.ts';
import { compileWorkflow, definitionHash, parseWorkflow } from '../../workflow/parse.ts';
import type { Problem } from '../../workflow/problems.ts';
import type { JsonObject } from '../../workflow/value.ts';

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

interface Known {
  definition: WorkflowDefinition;
  hash: string;
  warnings: Problem[];
  agents: string[];
  namesBlobs: boolean;
}

export class Planner {
  readonly #known = new Map<string, Known>();
  readonly #isAgent: (name: string) => boolean;
  readonly #agents: () => string[];

  constructor(options: { isAgent(name: string): boolean; agents(): string[] }) {
    this.#isAgent = options.isAgent;
    this.#agents = options.agents;
  }

  /** Throws `workflow.invalid` with all problems, `planning.unavailable`. */
  plan(request: RequestMessage): Planned {
    const { workflow } = request;
    if (workflow === undefined) {
      throw new PlanningUnavailable(
        request.text !== undefined
          ? 'text'
          : request.template !== undefined
            ? 'template'
            : 'pattern',
      );
    }
    const known = this.#definitionOf(workflow);
    const given = request.input ?? {};
    const inputs = resolveInputs(known.definition, given);
    if (inputs.problems !== undefined) throw new WorkflowInvalid(inputs.problems);
    return {
      definition: known.definition,
      hash: known.hash,
      inputs: inputs.inputs,
      warnings: known.warnings,
      namesBlobs: known.namesBlobs,
    };
  }

  #definitionOf(workflow: string | JsonObject): Known {
    const key = typeof workflow === 'string' ? workflow : JSON.stringify(workflow);
    const known = this.#known.get(key);
    if (known?.agents.every((agent) => this.#isAgent(agent)) === true) return known;
    // The list gives "did you mean"; the same list decides what is known.
    const options = { agents: this.#agents() };
    const parsed =
      typeof workflow === 'string'
        ? parseWorkflow(workflow, { ...options, maxTokens: MAX_SENT_TOKENS })
        : compileWorkflow(workflow, options);
    if (parsed.definition === undefined) throw new WorkflowInvalid(parsed.problems);
    const entry: Known = {
      definition: parsed.definition,
      hash: definitionHash(parsed.definition),
      warnings: parsed.problems,
      namesBlobs: blobReferencesIn(parsed.definition).length > 0,
      agents: [...new Set(parsed.definition.tasks.flatMap((task) => task.agent ?? []))],
    };
    if (key.length <= MAX_KEY) this.#remember(key, entry);
    return entry;
  }

  #remember(key: string, entry: Known): void {
    if (this.#known.size >= MAX_KNOWN) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    this.#known.set(key, entry);
  }
}
