/** Templates of people who look after something, played to their end by simulated agents: good days and bad ones. */
import { describe, expect, it } from 'vitest';
import {
  approve,
  expectOrder,
  playTemplate,
  type Role,
  refusal,
  reject,
  signal,
  storyOf,
} from './stage.ts';

describe('research-swarm', () => {
  const roles: Record<string, Role> = {
    planner: () => ({ questions: ['who', 'when', 'why'] }),
    researcher: ({ question }) => ({ question, answer: 'x', sources: ['a'], confidence: 0.9 }),
    checker: ({ findings, earlier }, { nth }) => ({
      findings: [...earlier, ...findings],
      gaps: nth === 1 ? ['where'] : [],
      confidence: nth === 1 ? 0.4 : 0.9,
    }),
    writer: ({ findings }) => ({ text: `${findings.length} findings` }),
  };
  const input = { question: 'what happened' };

  it('looks again into the gaps, and keeps what it found before', async () => {
    const played = await playTemplate('research-swarm', { input, roles });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { answer: '4 findings', confidence: 0.9, open: [] },
    });
    expectOrder(played, 'succeeded plan', 'started investigate~0', 'succeeded weigh');
    expectOrder(
      played,
      'succeeded weigh',
      'started investigate@2~0',
      'succeeded weigh@2',
      'started write',
    );
    expect(played.differences).toEqual([]);
  });

  it('does without a researcher that fails, and stops after four rounds', async () => {
    const played = await playTemplate('research-swarm', {
      input,
      roles: {
        ...roles,
        researcher: (parameters, call) => {
          if (parameters.question === 'why') throw refusal('no idea');
          return roles['researcher']?.(parameters, call) ?? null;
        },
        checker: ({ findings }) => ({ findings, gaps: ['where'], confidence: 0.1 }),
      },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { confidence: 0.1, open: ['where'] },
      tasks: { weigh: { rounds: 4 } },
    });
  });

  it('has no answer where most of the researchers fail', async () => {
    const researcher: Role = () => {
      throw refusal('no idea');
    };
    const played = await playTemplate('research-swarm', { input, roles: { ...roles, researcher } });
    expect(played.report).toMatchObject({
      status: 'failed',
      tasks: { write: { status: 'skipped' } },
    });
  });
});

describe('supervised-batch', () => {
  const input = { items: ['a', 'b', 'c', 'd'], instructions: 'Translate it.' };
  const inspect: Role = ({ result }) => ({ accepted: result !== 'poor', notes: 'better words' });
  const supervisor: Role = (parameters, call) => {
    if (call.taskId === 'brief') return { guidance: 'short words' };
    if (call.taskId === 'summary') return { text: `${parameters.done.length} of 4` };
    return inspect(parameters, call);
  };
  const specialist: Role = ({ item, notes }) => {
    if (item === 'b') return notes === '' ? 'poor' : 'B';
    if (item === 'c') return 'poor';
    if (item === 'd') throw refusal('illegible');
    return item.toUpperCase();
  };
  const expert: Role = ({ item }) => `${item} by an expert`;

  it('sends results back, and hands to an expert what fails or stays poor', async () => {
    const played = await playTemplate('supervised-batch', {
      input,
      roles: { supervisor, specialist, expert },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: {
        results: [
          { item: 'a', result: 'A', rescued: false },
          { item: 'b', result: 'B', rescued: false },
          { item: 'c', result: 'c by an expert', rescued: true },
          { item: 'd', result: 'd by an expert', rescued: false },
        ],
        missing: [],
        summary: '4 of 4',
      },
      tasks: { decide: { status: 'skipped' } },
    });
    expectOrder(
      played,
      'succeeded brief',
      'waiting process~0',
      'succeeded process',
      'started summary',
    );
    expect(played.differences).toEqual([]);
  });

  const helpless: Role = (_, { taskId }) => {
    throw refusal(`cannot do ${taskId}`);
  };

  it('asks the supervisors what to do without the items that failed', async () => {
    const roles = { supervisor, specialist, expert: helpless };
    const given = { ...input, items: ['a', 'b', 'd'] };
    const played = await playTemplate('supervised-batch', {
      input: given,
      roles,
      answers: { decide: approve('decide') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { results: [{ item: 'a' }, { item: 'b' }], missing: ['d'] },
    });
    expectOrder(
      played,
      'succeeded process',
      'waiting decide',
      'succeeded decide',
      'started summary',
    );
    const refused = await playTemplate('supervised-batch', {
      input: given,
      roles,
      answers: { decide: reject('decide') },
    });
    expect(refused.report).toMatchObject({ status: 'failed', error: { code: 'approval.denied' } });
  });

  it('gives up where most of the items fail, and does nothing for none', async () => {
    const roles = { supervisor, specialist: helpless, expert: helpless };
    const played = await playTemplate('supervised-batch', { input, roles });
    expect(played.report).toMatchObject({
      status: 'failed',
      tasks: { summary: { status: 'skipped' } },
    });
    const none = await playTemplate('supervised-batch', { input: { ...input, items: [] }, roles });
    expect(none.report).toMatchObject({
      status: 'succeeded',
      output: { results: [], missing: [] },
    });
  });
});

describe('incident-triage', () => {
  const input = { alert: 'errors at 40 %', service: 'checkout' };
  const roles: Record<string, Role> = {
    notifier: ({ to }) => ({ called: to }),
    researcher: ({ kind }) => ({ summary: kind, evidence: [] }),
    planner: ({ evidence }) => ({
      severity: evidence.length >= 2 ? 'critical' : 'minor',
      cause: 'the last deployment',
      action: 'roll it back',
      risky: true,
    }),
    operator: ({ before }, { nth }) => ({ healthy: nth === 3, done: `${before}${nth}` }),
    writer: ({ answered }) => ({ text: `answered: ${answered}`, follow_ups: ['a test'] }),
  };

  it('acts with permission until the service is healthy', async () => {
    const played = await playTemplate('incident-triage', {
      input,
      roles,
      answers: { acknowledged: signal('acknowledged'), permit: approve('permit') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: {
        severity: 'critical',
        healthy: true,
        postmortem: 'answered: true',
        follow_ups: ['a test'],
      },
      tasks: {
        mitigate: { rounds: 3, output: { done: '123' } },
        'call-second': { status: 'skipped' },
      },
    });
    expectOrder(
      played,
      'succeeded classify',
      'waiting permit',
      'succeeded permit',
      'started mitigate',
      'succeeded mitigate@3',
      'started postmortem',
    );
    expect(played.differences).toEqual([]);
  });

  it('calls the next one where the first does not answer', async () => {
    const played = await playTemplate('incident-triage', {
      input: { ...input, acknowledge_within: '50ms' },
      roles,
      answers: { permit: approve('permit') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { postmortem: 'answered: false' },
    });
    const called = played.asked.filter(({ agent }) => agent === 'notifier');
    expect(called.map(({ parameters }) => parameters.to)).toEqual(['on-call', 'second-line']);
    expectOrder(
      played,
      'succeeded call',
      'waiting acknowledged',
      'succeeded acknowledged',
      'started call-second',
    );
  });

  it('calls for help where the triage itself fails', async () => {
    const played = await playTemplate('incident-triage', {
      input,
      roles,
      answers: { acknowledged: signal('acknowledged'), permit: reject('permit') },
    });
    expect(played.report).toMatchObject({ status: 'failed', error: { code: 'approval.denied' } });
    expectOrder(
      played,
      'failed permit',
      'run stopping',
      'run finishing',
      'succeeded call-for-help',
      'run failed',
    );
    expect(played.asked.at(-1)).toMatchObject({
      agent: 'notifier',
      parameters: { to: 'second-line' },
    });
    expect(played.differences).toEqual([]);
  });

  it('leaves it to people where there is no evidence', async () => {
    const researcher: Role = ({ kind }) => {
      if (kind !== 'logs') throw refusal('the dashboard is down as well');
      return { summary: kind, evidence: [] };
    };
    const played = await playTemplate('incident-triage', {
      input,
      roles: { ...roles, researcher },
      answers: { acknowledged: signal('acknowledged') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { severity: 'unknown', healthy: false },
    });
    expect(storyOf(played)).toContain('succeeded call-in-the-dark');
  });
});
