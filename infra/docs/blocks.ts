/** The fenced blocks of a Markdown document, and the console sessions in them. */

export interface Block {
  /** The first word after the fence: `yaml`, `console`; empty where there is none. */
  language: string;
  /** `file=`, `excerpt=`, `title=`, `picture=`, `check=`. */
  attributes: ReadonlyMap<string, string>;
  /** With a line end after each line. */
  body: string;
  /** Of the body within the document. */
  start: number;
  line: number;
}

export interface Step {
  command: string;
  /** What it prints, without the last line end. */
  output: string;
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((found) => {
    const [, info = '', body = ''] = found;
    const [language = '', ...words] = info.trim().split(/\s+/);
    const attributes = words.flatMap((word): [string, string][] => {
      const at = word.indexOf('=');
      return at < 1 ? [] : [[word.slice(0, at), word.slice(at + 1)]];
    });
    const start = found.index + '```'.length + info.length + 1;
    const line = text.slice(0, found.index).split('\n').length;
    return { language, attributes: new Map(attributes), body, start, line };
  });
}

/** `$ command` and what stands below it, for each command of a console block. */
export function stepsOf(body: string): Step[] {
  const steps: { command: string; lines: string[] }[] = [];
  for (const line of body.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), lines: [] });
    else steps.at(-1)?.lines.push(line);
  }
  return steps.map(({ command, lines }) => ({ command, output: lines.join('\n') }));
}

export function bodyOf(steps: readonly Step[]): string {
  return steps
    .map(({ command, output }) => `$ ${command}\n${output === '' ? '' : `${output}\n`}`)
    .join('');
}
