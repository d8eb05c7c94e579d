/** What people are told to type works where they are. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { asTyped, ownCommand } from '../../src/cli/own-command.ts';

const program = fileURLToPath(new URL('../../bin/troupe', import.meta.url));
const root = join(dirname(program), '..');

it('is the path of a checkout, from where the person stands', () => {
  expect(ownCommand(program, root, {})).toBe('bin/troupe');
  expect(ownCommand(program, join(root, 'docs'), {})).toBe(program);
});

it('is npx where npx started an installed one, else the name', () => {
  expect(ownCommand('/nowhere/bin/troupe', '/', { npm_command: 'exec' })).toBe('npx troupe');
  expect(ownCommand('/nowhere/bin/troupe', '/', {})).toBe('troupe');
});

it('stands in hints as it is typed', () => {
  const hint = 'See `troupe runs list`; `troupe` is the name.';
  expect(asTyped(hint, 'bin/troupe')).toBe('See `bin/troupe runs list`; `troupe` is the name.');
  expect(asTyped(hint, 'troupe')).toBe(hint);
});
