/** Problems of a definition: how they are collected, and how people see them. */
import { MAX_PROBLEMS } from './limits.ts';

export type Path = readonly (string | number)[];

/** One problem, as every entry point reports it. */
export interface Problem {
  /** Stable: `workflow.cycle`, `expression.syntax` and so on. */
  code: string;
  severity: 'error' | 'warning';
  message: string;
  hint: string;
  file?: string;
  /** From 1, in UTF-16 units; 0 where there is no source text. */
  line: number;
  column: number;
  /** Behind the last wrong character of the line; equal to `column` where something is missing. */
  endColumn: number;
  /** `tasks[2].condition`; empty for the whole. */
  path: string;
  /** The offending text, shortened; empty where something is missing. */
  text: string;
  /** What may stand in the place of the wrong characters, where a similar name is known. */
  suggestion?: string;
}

/** A problem before it has a place in a text. */
export interface Finding {
  code: string;
  severity?: 'error' | 'warning';
  message: string;
  hint: string;
  suggestion?: string | undefined;
  path: Path;
  /** The key itself is wrong, not its value. */
  atKey?: boolean;
  /** Characters into `text`. */
  offset?: number;
  /** Wrong characters from there; absent: all of them. */
  length?: number;
  /** What is wrong, where it is not all that stands at `path`. */
  text?: string;
  /** Where it is in the file, where that is known already. */
  position?: { start: number; end: number };
}

/** Where a path is in a source text. */
export interface Place {
  line: number;
  column: number;
  endColumn: number;
  text: string;
}
export type Locate = (finding: Finding) => Place;

const NO_PLACE: Place = { line: 0, column: 0, endColumn: 0, text: '' };

/** For values that have no source text. */
export const nowhere: Locate = () => NO_PLACE;

/** Collects findings up to a bound; what is beyond it is counted. */
export class Findings {
  readonly list: Finding[] = [];
  private dropped = 0;
  private errors = 0;

  get isFull(): boolean {
    return this.list.length >= MAX_PROBLEMS;
  }

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  add(finding: Finding): void {
    if (this.isFull) {
      this.drop(finding.severity);
      return;
    }
    if (finding.severity !== 'warning') this.errors += 1;
    this.list.push(finding);
  }

  /** Counts a finding beyond the bound, which needs no words. */
  drop(severity: Finding['severity']): void {
    if (severity !== 'warning') this.errors += 1;
    this.dropped += 1;
  }

  /** In the order of the file; a last one says how many more there are. */
  problems(locate: Locate, file: string | undefined): Problem[] {
    const problems = this.list.map((finding) => toProblem(finding, locate(finding), file));
    problems.sort((left, right) => left.line - right.line || left.column - right.column);
    if (this.dropped > 0) problems.push(toProblem(tooMany(this.dropped), NO_PLACE, file));
    return problems;
  }
}

/** Findings about a part of a definition: what is found at a path is reported at the place of that path in the whole. */
export class FindingsOfPart extends Findings {
  readonly #whole: Findings;
  readonly #placeOf: (path: Path) => Path;

  constructor(whole: Findings, placeOf: (path: Path) => Path) {
    super();
    this.#whole = whole;
    this.#placeOf = placeOf;
  }

  override get isFull(): boolean {
    return this.#whole.isFull;
  }

  override get hasErrors(): boolean {
    return this.#whole.hasErrors;
  }

  override add(finding: Finding): void {
    this.#whole.add({ ...finding, path: this.#placeOf(finding.path) });
  }

  override drop(severity: Finding['severity']): void {
    this.#whole.drop(severity);
  }
}

function tooMany(count: number): Finding {
  return {
    code: 'workflow.too-many-problems',
    message: `${count} more problems are not listed`,
    hint: 'Correct the ones that are listed first.',
    path: [],
  };
}

const TEXT_LENGTH = 120;

/** What is wrong is perhaps a secret: it is shown to nobody, and the line that it stands in is not either. */
export function hidesItsText(code: string): boolean {
  return code === 'secret.literal';
}

function toProblem(finding: Finding, place: Place, file: string | undefined): Problem {
  const { code, severity = 'error', message, hint, suggestion } = finding;
  const text = hidesItsText(code) ? '' : (finding.text ?? place.text);
  return {
    code,
    severity,
    message,
    hint,
    ...(file === undefined ? {} : { file }),
    line: place.line,
    column: place.column,
    endColumn: place.endColumn,
    path: pathText(finding.path),
    text: text.length > TEXT_LENGTH ? `${text.slice(0, TEXT_LENGTH)}...` : text,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** `["tasks", 2, "condition"]` as `tasks[2].condition`. */
function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
