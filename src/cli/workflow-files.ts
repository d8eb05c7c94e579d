/**
 * The workflow files that words on the command line stand for: files, names of workflows, folders with all that is in
 * them, `-` for stdin.
 */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileUnreadableError } from './errors.ts';
import { locateWorkflow, WORKFLOW_FILE } from './named-workflows.ts';
import { readTextFile, readTextStream } from './text-file.ts';

/** The word for stdin, and its name in problems. */
const STDIN = '-';
export const STDIN_NAME = '<stdin>';

/** A file with its text, or with the reason why it has none. */
export type WorkflowFile =
  | { readonly file: string; readonly source: string }
  | { readonly file: string; readonly failure: string; readonly hint: string };

export interface WorkflowFiles {
  readonly files: readonly WorkflowFile[];
  /** Files of folders that are YAML or JSON and no workflow. */
  readonly passedOver: number;
}

/** A workflow has tasks at its top, a graph has nodes; in a folder that tells it from other YAML and JSON. */
const TASKS = /^[ \t]*(?:\{.*)?["']?\b(?:tasks|nodes)["']?[ \t]*:/m;
/** Folders that hold no sources of their own. */
const PASSED_OVER = /^(\..+|node_modules)$/;

/**
 * All files, each once, those of a folder in the order of their names. What cannot be read is in the list with its
 * reason. Throws `workflow.not-found` for a name that nothing has.
 */
export async function readWorkflowFiles(
  words: readonly string[],
  { stdin, workingDirectory }: { stdin: AsyncIterable<Buffer | string>; workingDirectory: string },
): Promise<WorkflowFiles> {
  const files = new Map<string, WorkflowFile>();
  let passedOver = 0;
  for (const word of words) {
    if (files.has(word)) continue;
    if (word === STDIN) files.set(word, await readStream(stdin));
    else if (isFolder(word)) {
      for (const file of readFolder(word)) {
        if ('source' in file && !TASKS.test(file.source)) passedOver += 1;
        else files.set(file.file, file);
      }
    } else {
      const file = (await locateWorkflow(word, workingDirectory)) ?? word;
      files.set(word, read(file));
    }
  }
  return { files: [...files.values()], passedOver };
}

function read(file: string): WorkflowFile {
  try {
    return { file, source: readTextFile(file) };
  } catch (error) {
    return failed(file, error);
  }
}

async function readStream(stream: AsyncIterable<Buffer | string>): Promise<WorkflowFile> {
  try {
    return { file: STDIN_NAME, source: await readTextStream(stream) };
  } catch (error) {
    return failed(STDIN_NAME, error);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // a text that is no possible path: reading it gives the reason
    return false;
  }
}

/** A pipe or a device: reading it may wait for ever. */
function isSpecial(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === false;
  } catch {
    return false; // reading it gives the reason
  }
}

/** Files in a folder and below it. Links to folders are not followed, so it ends. */
function readFolder(folder: string): WorkflowFile[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    return [failed(folder, error)];
  }
  entries.sort((left, right) => (left.name < right.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return PASSED_OVER.test(entry.name) ? [] : readFolder(path);
    return WORKFLOW_FILE.test(entry.name) && !isSpecial(path) ? [read(path)] : [];
  });
}

function failed(file: string, error: unknown): WorkflowFile {
  const { message, hint } = new FileUnreadableError(file, error);
  return { file, failure: message, hint };
}
