/**
 * Text for a terminal: pieces with a style, cut to a number of columns, painted with SGR sequences. Pure.
 * What people and agents wrote is shown without control characters, so it cannot move the cursor or forge a line.
 */
import { stripVTControlCharacters } from 'node:util';

export type Style = 'good' | 'bad' | 'busy' | 'wait' | 'dim' | 'bold';

export interface Piece {
  text: string;
  style?: Style;
}

const CODES: Readonly<Record<Style, number>> = {
  good: 32,
  bad: 31,
  busy: 36,
  wait: 33,
  dim: 90,
  bold: 1,
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;
/** East Asian wide and fullwidth letters, and pictures that terminals draw two columns wide. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const ZERO = /^\p{Mark}+$/u;
const ASCII = /^[ -~]*$/;
/** Made when a text needs it: making one costs a millisecond. */
let segmenter: Intl.Segmenter | undefined;

/** One line without control characters and escape sequences. */
export function plainText(text: string): string {
  return ASCII.test(text) ? text : stripVTControlCharacters(text).replace(CONTROLS, ' ').trim();
}

/** A text in a style, as it is without colours. */
export function styled(text: string, style: Style, hasColor: boolean): string {
  return hasColor && text !== '' ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += graphemeWidth(segment);
  return width;
}

function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

function graphemeWidth(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** A line of at most `columns` columns; what does not fit is cut and ends with `…`. */
export function paint(
  pieces: readonly Piece[],
  options: { columns: number; hasColor: boolean },
): string {
  const { hasColor } = options;
  const isTooLong = pieces.reduce((sum, { text }) => sum + widthOf(text), 0) > options.columns;
  let left = isTooLong ? options.columns - 1 : options.columns;
  let line = '';
  for (const { text, style } of pieces) {
    const part = cut(text, left);
    left -= widthOf(part);
    line += style === undefined ? part : styled(part, style, hasColor);
    if (part !== text) break;
  }
  return isTooLong ? `${line}…` : line;
}

function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes(text)) {
    width += graphemeWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return kept;
}
