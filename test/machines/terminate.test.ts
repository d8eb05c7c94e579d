/** A run that is ended at once while it closes: everything is closed, in as many commits as it takes. */
import { describe, expect, it } from 'vitest';
import { foldedCells } from '../../src/machines/cell.ts';
import { advance } from '../../src/machines/run/advance.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { expectSnapshotsToAgree, foldRecorded, PureRun } from './pure-run.ts';

const flow = (hooks: JsonObject): JsonObject => ({
  name: 'w',
  settings: { max_parallel: 10 },
  tasks: [{ id: 'work', agent: 'echo' }],
  hooks,
});

describe('`terminate` while the closing hooks run', () => {
  it('a run that is terminated while many hooks wait closes all of them before it ends', async () => {
    const many = Array.from({ length: 130 }, (_, index) => ({
      id: `h${index}`,
      wait: { signal: 'never' },
    }));
    const run = new PureRun(flow({ on_complete: [...many, { id: 'asked', agent: 'echo' }] }));
    run.succeed('work');
    const lines = run.command({ type: 'terminate', reason: 'now' });
    expect(lines.at(-1)).toBe('run.canceled');
    expect(lines.filter((line) => line.startsWith('task.canceled'))).toHaveLength(131);
    expect(run.run.open.size).toBe(0);
    expect(Object.values(run.statuses()).filter((status) => status === 'canceled')).toHaveLength(
      131,
    );
    expect(run.last('run.canceled').reason).toBe('now');
  });

  it('a termination goes on where the commit of its first part ended', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({
      id: `h${index}`,
      wait: { signal: 'never' },
    }));
    const run = new PureRun(flow({ on_complete: many }));
    run.succeed('work');
    const before = run.history.length;
    run.command({ type: 'terminate', reason: 'now' });
    const cut = run.history.slice(0, before + 50);
    const again = foldRecorded(cut, foldedCells);
    expect(again.terminating).toBe('now');
    const next = advance(again, { now: run.now, random: 0 });
    expect(next).toMatchObject({ kind: 'events', events: { length: 70 } });
    await expectSnapshotsToAgree(run.history);
  });
});
