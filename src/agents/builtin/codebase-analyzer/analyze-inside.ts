/** Reads and analyses one file inside a root; runs in a thread. */
import { resolve } from 'node:path';
import { languageOf } from '../syntax/languages.ts';
import { failure, isMinified, locateInside, readSource } from '../syntax/source-file.ts';
import type { FileAnalysis } from './analysis.ts';
import { analyzeFile } from './analyze-file.ts';
import { scoreOf } from './hot-spots.ts';
import { Projects } from './projects.ts';

/** Functions of a file in a summary. */
const FUNCTIONS_IN_SUMMARY = 5;
/** Roots whose manifests are remembered. */
const MAX_ROOTS = 8;

const projectsByRoot = new Map<string, Projects>();

/** Throws the failures of `locateInside`, `readSource` and `analyzeFile`, and `file.minified`. */
export async function analyzeInside(
  file: string,
  { root, detail }: { root: string; detail: 'full' | 'summary' },
): Promise<FileAnalysis> {
  const { path, realPath } = await locateInside(root, file);
  const { text, encoding } = await readSource(realPath, path);
  if (isMinified(text) && languageOf(path) !== undefined)
    throw failure('file.minified', `${path} is minified: its lines are not for people.`);
  const analysis = await analyzeFile(path, text);
  const project = await projectsOf(root).of(path, analysis.language);
  const functions =
    detail === 'full'
      ? analysis.functions
      : analysis.functions
          .toSorted((a, b) => scoreOf(b) - scoreOf(a) || a.line - b.line)
          .slice(0, FUNCTIONS_IN_SUMMARY);
  return {
    ...analysis,
    functions,
    ...(project === undefined ? {} : { project }),
    ...(encoding === undefined ? {} : { encoding }),
  };
}

function projectsOf(root: string): Projects {
  const folder = resolve(root);
  const known = projectsByRoot.get(folder);
  if (known !== undefined) return known;
  if (projectsByRoot.size >= MAX_ROOTS) projectsByRoot.clear();
  const projects = new Projects(folder);
  projectsByRoot.set(folder, projects);
  return projects;
}
