/**
 * The files that a workflow runs as children, found from the file that names them: a path beside it, or the name of a
 * workflow (`named-workflows.ts`). Read here, linked in `workflow/link.ts`.
 */
import { dirname, isAbsolute, join, parse, relative, resolve } from 'node:path';
import { type FoundChildren, isPath } from '../workflow/child-table.ts';
import {
  type Linked,
  type LinkedFile,
  linkWorkflow,
  mayRunChildren,
  outsideReferences,
  sourceValue,
} from '../workflow/link.ts';
import { type ParseResult, parseForAnalysis } from '../workflow/parse.ts';
import type { CheckOptions } from '../workflow/validate.ts';
import type { JsonObject } from '../workflow/value.ts';
import { WorkflowNotFoundError } from './errors.ts';
import { findNamed, isFile, workflowFiles } from './named-workflows.ts';
import { readTextFile } from './text-file.ts';

/** Files that one workflow may bring with it. */
const MAX_FILES = 1_000;

/** One file and what was found wrong in it. */
export interface CheckedFile extends ParseResult {
  readonly file: string;
  readonly source: string;
}

/** A workflow file with all that it runs. */
export interface LinkedWorkflow {
  readonly root: CheckedFile;
  /** The files that it runs as children, each once, and those that they run. */
  readonly children: readonly CheckedFile[];
  /** What a request carries: the text, or the value with everything that it runs. */
  readonly workflow: string | JsonObject;
}

/**
 * Reads and checks what a file runs, and the file itself. Paths are relative to the file that names them. What cannot be
 * found or read is a problem of the file that names it.
 */
export async function checkWithChildren(
  given: { file: string; source: string },
  { workingDirectory, ...options }: CheckOptions & { workingDirectory: string },
): Promise<LinkedWorkflow> {
  const { file, source } = given;
  const { linked, isComplete } = await link(given, workingDirectory);
  const names = isComplete ? [] : workflowFiles(workingDirectory).map(({ stem }) => stem);
  const check = (of: { file: string; source: string }, found?: FoundChildren): CheckedFile => {
    const children = { table: {}, nameOf: () => undefined, ...found, names };
    return { ...of, ...parseForAnalysis(of.source, { ...options, file: of.file, children }) };
  };
  const [root, ...others] = linked?.files ?? [];
  return {
    root: check({ file, source }, root?.children),
    children: others.map((other) =>
      check({ file: other.file.file, source: String(other.file.source) }, other.children),
    ),
    workflow: linked?.workflow ?? source,
  };
}

/** `isComplete`: nothing that a file names is missing. */
async function link(
  { file, source }: { file: string; source: string },
  workingDirectory: string,
): Promise<{ linked: Linked | undefined; isComplete: boolean }> {
  // Read once: to have the value is to know what it names.
  const own = mayRunChildren(source) ? sourceValue(source) : undefined;
  if (own === undefined) return { linked: undefined, isComplete: true };
  const root = { key: resolve(workingDirectory, file), file, stem: parse(file).name, source: own };
  const found = new Map<string, LinkedFile | undefined>();
  const read = new Map<string, LinkedFile>([[root.key, root]]);
  const open: LinkedFile[] = [root];
  let isComplete = true;
  for (let from = open.shift(); from !== undefined; from = open.shift()) {
    const value = mayRunChildren(from.source) ? sourceValue(from.source) : undefined;
    if (value === undefined) continue;
    for (const reference of outsideReferences(value)) {
      const path = await pathOf(reference, from, workingDirectory);
      const known = path === undefined ? undefined : read.get(path);
      const child = known ?? (path === undefined ? undefined : readChild(path, workingDirectory));
      found.set(foundKey(reference, from), child);
      if (child === undefined) isComplete = false;
      if (child === undefined || known !== undefined || read.size >= MAX_FILES) continue;
      read.set(child.key, child);
      open.push(child);
    }
  }
  const linked = linkWorkflow(root, (reference, from) => found.get(foundKey(reference, from)));
  return { linked, isComplete };
}

function foundKey(reference: string, from: LinkedFile): string {
  return `${from.key}\0${reference}`;
}

/** The absolute path that a reference means; undefined where there is none. */
async function pathOf(
  reference: string,
  from: LinkedFile,
  workingDirectory: string,
): Promise<string | undefined> {
  if (isPath(reference)) {
    const path = resolve(dirname(from.key), reference);
    return isFile(path) ? path : undefined;
  }
  try {
    const file = await findNamed(reference, workingDirectory);
    return file === undefined ? undefined : resolve(workingDirectory, file);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function readChild(path: string, workingDirectory: string): LinkedFile | undefined {
  const short = relative(workingDirectory, path);
  const file = short.startsWith('..') || isAbsolute(short) ? path : join(short);
  try {
    return { key: path, file, stem: parse(path).name, source: readTextFile(path) };
  } catch {
    // It cannot be read: for the task that names it, it is not there.
    return undefined;
  }
}
