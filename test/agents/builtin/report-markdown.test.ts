/** The Markdown of reports: what names of files and functions may hold, and what they cannot do. */
import { expect, it } from 'vitest';
import { code } from '../../../src/agents/builtin/report-writer/markdown.ts';

it.each([
  ['plain', 'a.ts', '`a.ts`'],
  ['a fence', 'a`b', '`` a`b ``'],
  ['a longer fence', 'a``b`', '``` a``b` ```'],
  ['a bar', 'a|b', '`a\\|b`'],
  ['lines and escape sequences', 'a\n\u001b[2Jb', '`a [2Jb`'],
])('keeps a name with %s inside its code', (_what, name, expected) => {
  expect(code(name)).toBe(expected);
});
