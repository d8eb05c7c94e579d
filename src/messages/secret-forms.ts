/**
 * The forms in which a secret may turn up in what an attempt says: as it is, as other programs write it, and in base64
 * at every alignment. Pure.
 */

/** Secrets, and parts of them, that are shorter are not looked for: they would be found everywhere. */
export const MIN_SECRET_LENGTH = 8;

/** What is searched for. */
export interface SecretForms {
  readonly texts: readonly string[];
  /** Of these also what is broken into lines: base64. */
  readonly digits: readonly string[];
}

/** All forms of one value; none where it is too short to be looked for. */
export function formsOf(value: string): SecretForms {
  if (value.length < MIN_SECRET_LENGTH) return { texts: [], digits: [] };
  const texts = new Set<string>();
  for (const whole of [value, ...linesOf(value)])
    for (const form of textForms(whole)) texts.add(form);
  const digits = base64Forms(value);
  for (const form of digits) texts.add(form);
  return { texts: [...texts].filter(isLongEnough), digits };
}

/** A key of many lines is often shown line by line. */
function linesOf(value: string): string[] {
  const lines = value.split(/\r\n|\n|\r/).map((line) => line.trim());
  return lines.length < 2 ? [] : lines.filter(isLongEnough);
}

function isLongEnough(text: string): boolean {
  return text.length >= MIN_SECRET_LENGTH;
}

function textForms(value: string): string[] {
  const wellFormed = value.toWellFormed();
  const json = jsonForms(wellFormed);
  const bytes = Buffer.from(wellFormed, 'utf8');
  const hex = bytes.toString('hex');
  return [
    value,
    wellFormed.normalize('NFC'),
    ...json,
    // JSON within JSON
    ...json.flatMap(jsonForms),
    ...urlForms(wellFormed, bytes),
    hex,
    hex.toUpperCase(),
    htmlForm(wellFormed),
    wellFormed.replaceAll("'", `'\\''`),
  ];
}

/** As JSON writers escape: only what must be, everything beyond ASCII, and slashes. */
function jsonForms(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const ascii = plain.replace(/[\u007f-\uffff]/g, unicodeEscape);
  const upper = plain.replace(/[\u007f-\uffff]/g, (character) =>
    unicodeEscape(character).toUpperCase().replace('U', 'u'),
  );
  return [plain, ascii, upper, plain.replaceAll('/', '\\/'), ascii.replaceAll('/', '\\/')];
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function urlForms(value: string, bytes: Buffer): string[] {
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*~]/g, percent);
  const all = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const forms = [
    component,
    strict,
    encodeURI(value),
    strict.replaceAll('%20', '+'),
    component.replaceAll('%20', '+'),
  ];
  return [...forms, ...forms.map(lowerEscapes), all, upperEscapes(all)];
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
}

function upperEscapes(text: string): string {
  return text.replace(/%[0-9a-f]{2}/g, (byte) => byte.toUpperCase());
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function htmlForm(value: string): string {
  return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

const BITS_A_BYTE = 8;
const BITS_A_DIGIT = 6;
const ALIGNMENTS = [0, 1, 2];
/**
 * The digits that are the same whatever stands before and after the value, for each place of its first byte in a group
 * of three; in the usual alphabet and in the one of URLs.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value.toWellFormed(), 'utf8');
  const forms = ALIGNMENTS.flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * BITS_A_BYTE) / BITS_A_DIGIT);
    const to = Math.floor((padded.length * BITS_A_BYTE) / BITS_A_DIGIT);
    return [
      padded.toString('base64').slice(from, to),
      padded.toString('base64url').slice(from, to),
    ];
  });
  return [...new Set(forms)];
}
