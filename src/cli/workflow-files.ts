/**
 * The workflow files that words on the command line stand for: files, folders with all that is in them, `-` for
 * stdin.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FileUnreadableError, reasonOf } from './errors.ts';
import { readText } from './run-input.ts';

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

const EXTENSION = /\.(ya?ml|json)$/i;
/** A workflow has tasks at its top; in a folder that tells it from other YAML and JSON. */
const TASKS = /^[ \t]*(?:\{.*)?["']?\btasks["']?[ \t]*:/m;
/** Folders that hold no sources of their own. */
const PASSED_OVER = /^(\..+|node_modules)$/;

/**
 * All files, each once, those of a folder in the order of their names. What cannot be read is in the list with its
 * reason; nothing is thrown for it.
 */
export async function readWorkflowFiles(
  words: readonly string[],
  stdin: AsyncIterable<Buffer | string>,
): Promise<WorkflowFiles> {
  const files = new Map<string, WorkflowFile>();
  let passedOver = 0;
  for (const word of words) {
    if (files.has(word)) continue;
    if (word === STDIN) files.set(word, { file: STDIN_NAME, source: await textOf(stdin) });
    else if (!isFolder(word)) files.set(word, read(word));
    else
      for (const path of listFolder(word)) {
        if (files.has(path)) continue;
        const file = read(path);
        if ('source' in file && !TASKS.test(file.source)) passedOver += 1;
        else files.set(path, file);
      }
  }
  return { files: [...files.values()], passedOver };
}

function read(file: string): WorkflowFile {
  try {
    return { file, source: readText(file) };
  } catch (error) {
    const { hint } = error as FileUnreadableError;
    return { file, failure: reasonOf(error), hint };
  }
}

async function textOf(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // a text that is no possible path: reading it gives the reason
    return false;
  }
}

/** Files in a folder and below it. Links to folders are not followed, so it ends. */
function listFolder(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort((left, right) => (left.name < right.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return PASSED_OVER.test(entry.name) ? [] : listFolder(path);
    return EXTENSION.test(entry.name) ? [path] : [];
  });
}
