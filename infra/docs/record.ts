/** Writes what commands print into the documents that show them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, bodyOf, stepsOf } from './blocks.ts';
import { runDocument } from './console.ts';
import { comparable } from './normal.ts';

const root = join(import.meta.dirname, '..', '..');

/** Runs the console blocks of one document. Keeps what still means the same; resolves to whether it wrote. */
export async function recordDocument(path: string): Promise<boolean> {
  const text = readFileSync(join(root, path), 'utf8');
  const ran = await runDocument(text);
  const isSame = ran.every(({ output, printed }) => sameLines(output, printed));
  if (isSame) return false;
  let next = '';
  let end = 0;
  for (const block of blocksOf(text).filter(({ language }) => language === 'console')) {
    const steps = stepsOf(block.body).map(() => {
      const step = ran.shift();
      if (step === undefined) throw new Error(`${path} has more steps than were run`);
      return { command: step.commandNow, output: step.printed };
    });
    next += text.slice(end, block.start) + bodyOf(steps);
    end = block.start + block.body.length;
  }
  writeFileSync(join(root, path), next + text.slice(end));
  return true;
}

export function sameLines(left: string, right: string): boolean {
  return comparable(left).join('\n') === comparable(right).join('\n');
}
