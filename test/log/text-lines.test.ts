import { describe, expect, it } from 'vitest';
import { textLines } from '../../src/log/text-lines.ts';
import fc from '../support/property.ts';

async function linesOf(pieces: string[]): Promise<string[]> {
  async function* inPieces(): AsyncGenerator<string> {
    yield* pieces;
  }
  const lines: string[] = [];
  for await (const line of textLines(inPieces())) lines.push(line);
  return lines;
}

const piece = fc.array(fc.constantFrom('\n', '\r', '\u2028', '\u2029', 'a', 'é'), { maxLength: 8 });

describe('the lines of a text', () => {
  it('end at line feeds alone, wherever the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece), async (cut) => {
        const pieces = cut.map((characters) => characters.join(''));
        const text = pieces.join('');
        const lines = text.split('\n');
        if (lines.at(-1) === '') lines.pop();
        expect(await linesOf(pieces)).toEqual(lines);
      }),
    );
  });
});
