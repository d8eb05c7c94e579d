/** What `troupe run` is asked to do: a checked workflow or a text, and its inputs. */
import type { WorkflowDefinition } from '../workflow/definition.ts';
import type { Problem } from '../workflow/problems.ts';
import type { JsonObject, JsonValue } from '../workflow/value.ts';
import { FileUnreadableError, UsageError, WorkflowFileInvalidError } from './errors.ts';
import { locateWorkflow } from './named-workflows.ts';
import { readTextFile } from './text-file.ts';

export type RunTarget =
  | {
      kind: 'workflow';
      /** What a request carries. */
      workflow: string | JsonObject;
      definition: WorkflowDefinition;
      warnings: Problem[];
    }
  | { kind: 'text'; text: string };

/**
 * A word that names a file, looks like a file's name, or is the name of a workflow is a workflow; everything else is text.
 * Throws `workflow.invalid` with every problem and its place, `workflow.not-found`, `cli.file-unreadable`.
 */
export async function readTarget(word: string, workingDirectory: string): Promise<RunTarget> {
  const file = await locateWorkflow(word, workingDirectory);
  if (file === undefined) return { kind: 'text', text: word };
  const source = readText(file);
  const { checkWithChildren } = await import('./child-files.ts');
  const checked = await checkWithChildren({ file, source }, { workingDirectory });
  const { root, children, workflow } = checked;
  const { definition } = root;
  const files = [root, ...children];
  const problems = files.flatMap((each) => each.problems);
  if (definition === undefined || problems.some(({ severity }) => severity === 'error'))
    throw new WorkflowFileInvalidError(files);
  return { kind: 'workflow', workflow, definition, warnings: problems };
}

/** The text of a file. Throws `cli.file-unreadable`. */
export function readText(path: string): string {
  try {
    return readTextFile(path);
  } catch (cause) {
    throw new FileUnreadableError(path, cause);
  }
}

/**
 * Inputs from a JSON file and `key=value` pairs; pairs win. A value is read as the input's declared type,
 * of an undeclared input as JSON where it is JSON, else as text. Throws `cli.usage`, `cli.file-unreadable`.
 */
export function readInputs(options: {
  pairs: readonly string[];
  file?: string | undefined;
  definition?: WorkflowDefinition | undefined;
}): JsonObject {
  const input: JsonObject = options.file === undefined ? {} : inputFile(options.file);
  for (const pair of options.pairs) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at));
    // Assigned, `__proto__` would be no input at all and nobody would be told.
    if (name === '' || name === '__proto__') {
      const problem = at < 0 ? 'has no "="' : 'names no input';
      throw new UsageError(`--input ${pair} ${problem}`, 'Write --input name=value.');
    }
    const declared = options.definition?.inputs[name]?.type ?? 'any';
    input[name] = inputValue({ name, text: pair.slice(at + 1), declared });
  }
  return input;
}

function inputValue({
  name,
  text,
  declared,
}: {
  name: string;
  text: string;
  declared: string;
}): JsonValue {
  if (declared === 'string') return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    if (declared === 'any') return text;
    throw new UsageError(
      `the input ${name} needs a value of type ${declared}, not "${text}"`,
      'Write it as JSON.',
      { input: name, type: declared },
    );
  }
}

function inputFile(path: string): JsonObject {
  const text = readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FileUnreadableError(path, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${path} holds no JSON object`, 'Write {"name": "value"}.');
  }
  return value as JsonObject;
}
