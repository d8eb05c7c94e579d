/** A terminal as SVG, from the text of a console block. The same text gives the same bytes. */

const COLUMN = 8.43;
const LINE = 19;
const MARGIN = 16;
const BAR = 34;
const MAX_COLUMNS = 118;

const COLOURS: readonly (readonly [RegExp, string])[] = [
  [/^\$ /, '#7ee787'],
  [/^\s+(succeeded|completed)|^ok |succeeded after/, '#a5d6a7'],
  [/^(error|warning)|^\s+failed|DIFFERS| error /, '#ff9d91'],
  [/^\s+(hint|code):|^Replay it|^run run_/, '#9aa7b4'],
];
const PLAIN = '#e6edf3';

/** An SVG document; lines of more than 118 characters are cut. */
export function terminalPicture(body: string): string {
  const lines = body.trimEnd().split('\n').map(cut);
  const columns = Math.max(60, ...lines.map((line) => line.length));
  const width = Math.ceil(columns * COLUMN + 2 * MARGIN);
  const height = lines.length * LINE + BAR + MARGIN;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, index) => `<circle cx="${20 + index * 18}" cy="17" r="5.5" fill="${colour}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(lines[0] ?? '')}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    ...dots,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">`,
    ...lines.map(drawn),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawn(line: string, index: number): string {
  const colour = COLOURS.find(([what]) => what.test(line))?.[1] ?? PLAIN;
  const length =
    line === ''
      ? ''
      : ` textLength="${(line.length * COLUMN).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`;
  return `<text x="${MARGIN}" y="${BAR + MARGIN + index * LINE}" fill="${colour}" xml:space="preserve"${length}>${escaped(line)}</text>`;
}

function cut(line: string): string {
  return line.length <= MAX_COLUMNS ? line : `${line.slice(0, MAX_COLUMNS - 3)}...`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
