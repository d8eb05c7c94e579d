/** `--limit` is the same for all that list. */
import { expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { memoryTerminal } from './memory-terminal.ts';

it.each([
  [['runs', 'list'], '--status'],
  [['jobs', 'list'], '--state'],
  [['schedules', 'list'], '--status'],
  [['inbox'], '--group'],
])('%j shows at most 1,000, and says what leaves fewer', async (command, narrower) => {
  const { terminal, stderr } = memoryTerminal();
  const line = [...command, '--limit', '1001'];
  const code = await main(line, { terminal, environment: {}, workingDirectory: '/' });
  expect(code).toBe(2);
  expect(stderr()).toContain('--limit is at most 1000');
  expect(stderr()).toContain(`Narrow the list with ${narrower}.`);
});
