/** Banned words: clocks and chance outside their files, leftovers, switched-off checks and tests. */
import type { SgNode } from '@ast-grep/napi';
import { lineOf, type SourceFile, type Violation } from './source-file.ts';

interface Ban {
  /** What to look for: an ast-grep pattern, or a kind of node whose text must match `text`. */
  find: string | { kind: string };
  text?: RegExp;
  why: string;
  /** Paths where it is allowed. */
  except?: RegExp;
}

const OUTSIDE_SRC = /^(test|bench|infra|examples|bin)\//;
const CLOCKS = new RegExp(`${OUTSIDE_SRC.source}|(^|/)(clock|ids)\\.ts$`);
const TALKERS = /^(src\/cli|bench|infra|examples|bin)\//;

const BANS: readonly Ban[] = [
  { find: 'Date.now', why: 'only a clock file reads the clock', except: CLOCKS },
  { find: 'new Date()', why: 'only a clock file reads the clock', except: CLOCKS },
  { find: 'Math.random', why: 'only an id file uses chance', except: CLOCKS },
  {
    find: { kind: 'import_statement' },
    text: /from 'fast-check'/,
    why: 'import test/support/property.ts, which fixes the seed',
    except: /^test\/support\/property\.ts$/,
  },
  { find: 'console.$METHOD', why: 'the structured log speaks, or the command', except: TALKERS },
  { find: '$VALUE as any', why: 'name the type, or use unknown' },
  { find: { kind: 'comment' }, text: /@ts-(ignore|nocheck)/, why: 'say @ts-expect-error and why' },
  {
    find: { kind: 'comment' },
    text: /\b(TODO|FIXME|XXX|HACK)\b/,
    why: 'finish it or open an issue',
  },
  {
    find: { kind: 'member_expression' },
    text: /^(it|test|describe|suite|bench)\b.*\.(only|skip|todo)$/s,
    why: 'a test that does not run proves nothing',
  },
];

/** Uses of banned words, found in the syntax tree: strings and names that merely look alike are free. */
export function checkWords(file: SourceFile): Violation[] {
  return BANS.flatMap((ban) => {
    if (ban.except?.test(file.path)) return [];
    return find(file.root, ban).map((node) => {
      const word = node.text().split('\n')[0]?.slice(0, 60);
      return `${file.path}:${lineOf(node)} has ${word}: ${ban.why}`;
    });
  });
}

function find(root: SgNode, { find: wanted, text }: Ban): SgNode[] {
  const nodes = typeof wanted === 'string' ? root.findAll(wanted) : root.findAll({ rule: wanted });
  return text ? nodes.filter((node) => text.test(node.text())) : nodes;
}
