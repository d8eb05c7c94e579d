/** The feed audit: what it notices. */
import { describe, expect, it } from 'vitest';
import { FeedAudit } from '../../bench/feed-audit.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import type { Bus } from '../../src/messaging/bus.ts';

function auditOf(): { audit: FeedAudit; ended: string[] } {
  const ended: string[] = [];
  // The audit only subscribes; events are handed to it directly.
  const bus = { subscribe: () => ({ stop: async () => undefined }) } as unknown as Bus;
  const onEnd = (runId: string): void => {
    ended.push(runId);
  };
  return { audit: new FeedAudit({ bus, stepTime: 'chain', onEnd }), ended };
}

function event(streamVersion: number, type: string): JsonEnvelope {
  return {
    ...{ id: `e${streamVersion}`, stream: 'run_a', streamVersion, position: 1, type },
    ...{ schemaVersion: 1, at: 1, correlationId: 'c', causationId: 'c', actor: { kind: 'system' } },
    data: { taskId: 't', agent: 'echo' },
  };
}

const whole = [event(1, 'run.created'), event(2, 'task.succeeded'), event(3, 'run.succeeded')];
const expected = { runs: 1, stepsPerRun: 1 };

describe('the feed audit', () => {
  it('finds nothing missing in a whole run, in any order and with repeats', () => {
    for (const events of [whole, whole.toReversed(), [...whole, ...whole]]) {
      const { audit, ended } = auditOf();
      for (const each of events) audit.take(each);
      expect(audit.problems(expected)).toEqual([]);
      expect(ended).toEqual(['run_a']);
      expect(audit.steps).toBe(1);
    }
  });

  it('names the version that is missing, and takes it later', () => {
    const { audit, ended } = auditOf();
    for (const each of [whole[0], whole[2]]) audit.take(each as JsonEnvelope);
    expect(audit.problems(expected)).toEqual(['run_a has no version 2 of 3 on the feed']);
    expect(audit.incomplete()).toEqual([{ runId: 'run_a', from: 2 }]);
    expect(ended).toEqual([]);
    audit.take(whole[1] as JsonEnvelope);
    expect(audit.problems(expected)).toEqual([]);
  });

  it('notices a missing end, a missing run and a missing success', () => {
    const { audit } = auditOf();
    audit.take(event(1, 'run.created'));
    expect(audit.problems(expected)).toEqual(['run_a has no terminal event on the feed']);
    expect(audit.problems({ runs: 2, stepsPerRun: 1 })).toHaveLength(2);
    audit.take(event(2, 'run.succeeded'));
    expect(audit.problems(expected)).toEqual(['run_a has 0 successes, not 1']);
  });
});
