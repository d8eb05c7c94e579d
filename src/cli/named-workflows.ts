/**
 * Workflows by name. A name is the name of a file without its ending, or the `name` that a file declares.
 *
 * W1 Looked for in `workflows/` of the project, in its `.claude/workflows/`, then among those that come with Troupe.
 *    The first one wins, so that a project can put its own in the place of a shipped one.
 * W2 File names are compared before declared names: no file has to be read where one fits.
 */
import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join, parse, relative } from 'node:path';
import { didYouMean } from '../workflow/suggest.ts';
import { FileUnreadableError, WorkflowNotFoundError } from './errors.ts';
import { readTextFile } from './text-file.ts';

export type WorkflowPlace = 'project' | 'claude' | 'package';

export interface WorkflowFile {
  /** The name of the file without its ending. */
  stem: string;
  /** Relative to the working directory where it is inside it, else absolute. */
  file: string;
  place: WorkflowPlace;
}

/** Of the names of workflow files. */
export const WORKFLOW_FILE = /\.(ya?ml|json)$/i;
/** What may be the name of a workflow; anything else is a text. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const MAX_FILES = 1_000;
const SHIPPED = join(import.meta.dirname, '..', '..', 'workflows');

/** What an orchestrator knows by name: the workflows that come with Troupe, and no file of anybody. */
export const shippedTemplates = {
  read(name: string): string | undefined {
    const path = filesIn(SHIPPED).find((file) => parse(file).name === name);
    return path === undefined ? undefined : readFileSync(path, 'utf8');
  },
  names: (): string[] => filesIn(SHIPPED).map((file) => parse(file).name),
};

/** True for the path of a workflow that comes with Troupe, also where the project is Troupe itself. */
export function isShipped(path: string): boolean {
  return dirname(realpathSync(path)) === realpathSync(SHIPPED);
}

/** All workflow files in the order of W1; at most 1,000 a folder. Throws `cli.file-unreadable`. */
export function workflowFiles(workingDirectory: string): WorkflowFile[] {
  const folders: [WorkflowPlace, string][] = [
    ['project', join(workingDirectory, 'workflows')],
    ['claude', join(workingDirectory, '.claude', 'workflows')],
    ['package', SHIPPED],
  ];
  const seen = new Set<string>();
  return folders.flatMap(([place, folder]) =>
    filesIn(folder).flatMap((path) => {
      const real = realpathSync(path);
      if (seen.has(real)) return [];
      seen.add(real);
      return { stem: parse(path).name, file: shownPath(path, workingDirectory), place };
    }),
  );
}

/**
 * The file that a word on the command line means: a path, or the name of a workflow; undefined where it can only be
 * a text. A pipe of the shell is a path, and so is a device: whoever reads it says what is wrong with it. Throws `workflow.not-found` for a name that nothing has, `cli.file-unreadable`.
 */
export async function locateWorkflow(
  word: string,
  workingDirectory: string,
): Promise<string | undefined> {
  if (WORKFLOW_FILE.test(word) || isThere(word)) return word;
  const named = await findNamed(word, workingDirectory);
  // The path of a folder is no text either: whoever reads it says that it is a folder.
  return named ?? (statsOf(word) === undefined ? undefined : word);
}

/** The same for what can only be a name. */
export async function findNamed(
  word: string,
  workingDirectory: string,
): Promise<string | undefined> {
  if (!NAME.test(word)) return undefined;
  const files = workflowFiles(workingDirectory);
  const byStem = files.find(({ stem }) => stem === word);
  if (byStem !== undefined) return byStem.file;
  const names = await Promise.all(files.map(({ file }) => declaredName(file)));
  const byName = files[names.indexOf(word)];
  if (byName !== undefined) return byName.file;
  const known = [...new Set([...files.map(({ stem }) => stem), ...names.filter(isPresent)])];
  throw new WorkflowNotFoundError(
    word,
    didYouMean(word, known, 'List them with `troupe templates`, or write the path of a file.'),
  );
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => WORKFLOW_FILE.test(name))
      .sort()
      .slice(0, MAX_FILES)
      .map((name) => join(folder, name))
      .filter(isFile);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new FileUnreadableError(folder, cause);
  }
}

function shownPath(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short.startsWith('..') ? path : short;
}

/** The `name` in a file; undefined where the file is no mapping with one. */
async function declaredName(file: string): Promise<string | undefined> {
  const { parse: parseYaml } = await import('yaml');
  let document: unknown;
  try {
    document = parseYaml(readTextFile(file), { logLevel: 'silent' });
  } catch {
    // A file that is no YAML has no name to be found by; `troupe templates` shows it as not valid.
    return undefined;
  }
  const name = (document as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : undefined;
}

/** True for the path of a file; false for a text that is no possible path. */
export function isFile(path: string): boolean {
  return statsOf(path)?.isFile() === true;
}

/** True for the path of whatever is no folder. */
function isThere(path: string): boolean {
  return statsOf(path)?.isDirectory() === false;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // too long, or with a null character
    return undefined;
  }
}

function isPresent(name: string | undefined): name is string {
  return name !== undefined;
}
