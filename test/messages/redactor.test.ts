/** What is taken out, in which forms, and what is left alone. */
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../src/messages/redactor.ts';
import type { JsonValue } from '../../src/workflow/value.ts';
import { seededRandom } from '../support/seeded.ts';

const TOKEN = 'ghp_0aB"c\\d/é+=&% 9xYz';
const redactor = new Redactor([['TOKEN', TOKEN]]);
const OUT = '[secret:TOKEN]';

/** Escaped as `\uXXXX` beyond ASCII. */
const ascii = (text: string): string =>
  text.replace(
    /[\u007f-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

// Length: one row for each form.
describe('a text', () => {
  it.each([
    ['as it is', TOKEN],
    ['JSON', JSON.stringify(TOKEN).slice(1, -1)],
    ['JSON in ASCII', ascii(JSON.stringify(TOKEN).slice(1, -1))],
    ['JSON with escaped slashes', JSON.stringify(TOKEN).slice(1, -1).replaceAll('/', '\\/')],
    ['JSON in JSON', JSON.stringify(JSON.stringify(TOKEN)).slice(3, -3)],
    ['a component of a URL', encodeURIComponent(TOKEN)],
    ['a query', new URLSearchParams({ v: TOKEN }).toString().slice(2)],
    [
      'a URL with small letters',
      encodeURIComponent(TOKEN).replace(/%../g, (one) => one.toLowerCase()),
    ],
    [
      'a URL of nothing but escapes',
      [...Buffer.from(TOKEN)].map((one) => `%${one.toString(16)}`).join(''),
    ],
    ['hexadecimal', Buffer.from(TOKEN).toString('hex')],
    ['HTML', 'ghp_0aB&quot;c\\d/é+=&amp;% 9xYz'],
    ['base64', Buffer.from(TOKEN).toString('base64').replace(/=+$/, '').slice(0, -1)],
  ])('loses the secret in the form of %s', (_form, text) => {
    expect(redactor.text(`before ${text} after`)).toBe(`before ${OUT} after`);
    expect(redactor.text(text + text)).not.toContain(text);
  });

  it('loses it in base64 wherever it begins, in both alphabets and over the ends of lines', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 300; round += 1) {
      const before = 'k'.repeat(Math.floor(random() * 9));
      const value = `${String.fromCharCode(...Array.from({ length: 8 + Math.floor(random() * 60) }, () => 33 + Math.floor(random() * 94)))}`;
      const encoding = random() < 0.5 ? 'base64' : 'base64url';
      const digits = Buffer.from(`${before}${value}tail`).toString(encoding);
      const text =
        random() < 0.5 ? digits : digits.replace(/(.{19})/g, random() < 0.5 ? '$1\n' : '$1\r\n');
      const left = new Redactor([['V', value]]).text(text);
      expect(left).toContain('[secret:V]');
      // At most a digit on each side stands for some bits of the value.
      const rest = Buffer.from(
        left.replace('[secret:V]', '').replace(/\s/g, ''),
        'base64',
      ).toString('latin1');
      expect(left.replace(/\s/g, '').length - '[secret:V]'.length).toBeLessThanOrEqual(
        Math.ceil(((before.length + 'tail'.length) * 8) / 6) + 4,
      );
      expect(rest).not.toContain(value.slice(0, 6));
    }
  });

  it('keeps what is no secret, and everything where all of them are short', () => {
    expect(redactor.text('ghp_ other text 9xYz')).toBe('ghp_ other text 9xYz');
    const short = new Redactor([['PIN', '1234567']]);
    expect(short.isEmpty).toBe(true);
    expect(short.text('1234567')).toBe('1234567');
  });

  it('loses secrets that overlap as one', () => {
    const two = new Redactor([
      ['A', 'aaaabbbbcccc'],
      ['B', 'ccccddddeeee'],
    ]);
    expect(two.text('<aaaabbbbccccddddeeee>')).toBe('<[secret:A]>');
    expect(two.text('aaaabbbbccccccccddddeeee')).toBe('[secret:A][secret:B]');
  });

  it('loses each line of a secret with several', () => {
    const key = new Redactor([['KEY', 'first line 1\r\nsecond line 2\nend\n']]);
    expect(key.text('> second line 2\n> end')).toBe('> [secret:KEY]\n> end');
  });

  it('loses what a cut leaves', () => {
    const value = 'abcdefghijklmnop';
    const cut = new Redactor([['V', value]]);
    expect(cut.text(`text ${value.slice(0, 5)}`, { end: true })).toBe('text [secret:V]');
    expect(cut.text(`${value.slice(-5)} text`, { start: true })).toBe('[secret:V] text');
    // Nobody said that it was cut: only what is long enough to be no accident.
    expect(cut.text(`text ${value.slice(0, 5)}`)).toBe('text abcde');
    expect(cut.text(`text ${value.slice(0, 9)}`)).toBe('text [secret:V]');
    expect(cut.text(`${value.slice(-9)} text`)).toBe('[secret:V] text');
  });

  it('is searched in a time that grows with its length', () => {
    const text = `${'\\"%25ab'.repeat(400_000)}${TOKEN}`;
    expect(redactor.text(text).endsWith(OUT)).toBe(true);
    const awkward = new Redactor([['V', '\\'.repeat(40)]]);
    expect(awkward.text(`${'\\'.repeat(39)}x`.repeat(20_000))).toContain('x');
  });
});

describe('a value', () => {
  it('loses it in members, their names, lists and numbers; the rest stays', () => {
    const numeric = new Redactor([
      ['N', '1234567890'],
      ['T', TOKEN],
    ]);
    const value: JsonValue = {
      [TOKEN]: [{ deep: `x${TOKEN}` }, 12_345_678_901, 7, null, true],
      [`${TOKEN}`.repeat(2)]: 1,
      plain: 'text',
    };
    expect(numeric.value(value)).toEqual({
      '[secret:T]': [{ deep: 'x[secret:T]' }, '[secret:N]1', 7, null, true],
      '[secret:T][secret:T]': 1,
      plain: 'text',
    });
  });

  it('keeps members apart whose names differed in the secret alone', () => {
    const two = new Redactor([
      ['V', 'aaaaaaaaaa'],
      ['V', 'bbbbbbbbbb'],
    ]);
    expect(two.value({ aaaaaaaaaa: 1, bbbbbbbbbb: 2 })).toEqual({
      '[secret:V]': 1,
      '[secret:V] (2)': 2,
    });
  });
});
