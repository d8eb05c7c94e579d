/** A reader of XML that is strict where a browser is: it throws at the first thing that is not well-formed. */

export interface Element {
  name: string;
  text: string;
}

const TAG =
  /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)\s*(\/?)>/y;
const TEXT = /(?:[^<&]|&(?:amp|lt|gt|quot);)+/y;
/** Letters that XML 1.0 does not allow anywhere. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** All elements in the order in which they end. */
export function wellFormed(document: string): Element[] {
  if (FORBIDDEN.test(document)) throw new Error('a letter that XML does not allow');
  const start = document.indexOf('<svg');
  const elements: Element[] = [];
  const open: Element[] = [];
  for (let at = start; at < document.trimEnd().length; ) {
    const piece = next(document, at);
    at += piece.length;
    if (piece.kind === 'text') {
      const inside = open.at(-1);
      if (inside !== undefined) inside.text += unescaped(piece.text);
    } else if (piece.kind === 'close') {
      const ended = open.pop();
      if (ended?.name !== piece.text) throw new Error(`${piece.text} ends ${ended?.name}`);
      elements.push(ended);
    } else if (piece.kind === 'empty') elements.push({ name: piece.text, text: '' });
    else open.push({ name: piece.text, text: '' });
  }
  if (open.length > 0) throw new Error(`${open.at(-1)?.name} does not end`);
  return elements;
}

/** The texts of all elements with nothing but text. */
export function textOf(document: string): string[] {
  return wellFormed(document).map(({ text }) => text);
}

interface Piece {
  kind: 'open' | 'close' | 'empty' | 'text';
  text: string;
  length: number;
}

function next(document: string, at: number): Piece {
  TAG.lastIndex = at;
  const tag = TAG.exec(document);
  if (tag !== null) {
    const [whole, slash, name = '', , end] = tag;
    const kind = slash === '/' ? 'close' : end === '/' ? 'empty' : 'open';
    return { kind, text: name, length: whole.length };
  }
  TEXT.lastIndex = at;
  const text = TEXT.exec(document)?.[0];
  if (text === undefined) throw new Error(`not well-formed: ${document.slice(at, at + 60)}`);
  return { kind: 'text', text, length: text.length };
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}
