/** What a task waits for, in words. */
import { expect, it } from 'vitest';
import type { Obstacle } from '../../../src/actors/services/gates.ts';
import { waitText } from '../../../src/cli/render/wait-text.ts';

const obstacles: [Obstacle, string][] = [
  [{ kind: 'worker', name: 'shell' }, 'a worker that offers shell'],
  [
    { kind: 'slot', of: 'worker', name: 'shell', limit: 4 },
    'a slot: all 4 of the workers of shell are taken',
  ],
  [
    { kind: 'slot', of: 'agent', name: 'shell', limit: 2 },
    'a slot: all 2 that the limit of shell allows are taken',
  ],
  [
    { kind: 'slot', of: 'key', name: 'github', limit: 2 },
    'a slot: all 2 of the key github are taken',
  ],
  [{ kind: 'slot', of: 'node', limit: 9 }, 'a slot: all 9 of the node are taken'],
  [
    { kind: 'rate', of: 'key', name: 'github', rate: '10/s', dueAt: 5 },
    'the rate 10/s of the key github',
  ],
  [{ kind: 'rate', of: 'agent', name: 'shell', rate: '1/m', dueAt: 5 }, 'the rate 1/m of shell'],
];

it.each(obstacles)('%j', (obstacle, text) => {
  expect(waitText(obstacle.kind, obstacle)).toBe(text);
});

it('of a run that has as many attempts as it may', () => {
  expect(waitText('slot', { kind: 'slot', of: 'run', name: 'run_1', limit: 3 })).toBe(
    'a slot: all 3 of the run (max_parallel) are taken',
  );
});
