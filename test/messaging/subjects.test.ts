import { describe, expect, it } from 'vitest';
import { checkQueueName, createSubjects } from '../../src/messaging/subjects.ts';
import fc from '../support/property.ts';

const subjects = createSubjects();
const token = fc.stringMatching(/^[!-)+\-/-=?-~]{1,40}$/);

describe('subjects', () => {
  // Length: one table.
  it('are those of the contract', () => {
    expect([
      subjects.request(),
      subjects.intake(),
      subjects.intakeAnswer('q1'),
      subjects.runCommand('run_1'),
      subjects.runEvents('run_1'),
      subjects.runHistory('run_1'),
      subjects.runStream('run_1'),
      subjects.taskResult('run_1', 'a@2~0~3!undo'),
      subjects.taskProgress('run_1', 'a'),
      subjects.agentInvoke('echo'),
      subjects.agentProbe('echo'),
      subjects.agentCancel('echo'),
      subjects.agentHeartbeat('echo'),
      subjects.messageTo('echo'),
      subjects.messageTopic('news'),
      subjects.messageAll(),
      subjects.messageAsk('echo'),
      subjects.context('team'),
      subjects.job(),
      subjects.blobPut(),
      subjects.blobGet(),
      subjects.query('agents.select'),
      subjects.hello(),
    ]).toEqual([
      'troupe.v1.request',
      'troupe.v1.intake',
      'troupe.v1.intake.q1.answer',
      'troupe.v1.run.run_1.command',
      'troupe.v1.run.run_1.events',
      'troupe.v1.run.run_1.history',
      'troupe.v1.run.run_1.stream',
      'troupe.v1.run.run_1.task.a@2~0~3!undo.result',
      'troupe.v1.run.run_1.task.a.progress',
      'troupe.v1.agent.echo.invoke',
      'troupe.v1.agent.echo.probe',
      'troupe.v1.agent.echo.cancel',
      'troupe.v1.agent.echo.heartbeat',
      'troupe.v1.message.to.echo',
      'troupe.v1.message.topic.news',
      'troupe.v1.message.all',
      'troupe.v1.message.ask.echo',
      'troupe.v1.context.team',
      'troupe.v1.job',
      'troupe.v1.blob.put',
      'troupe.v1.blob.get',
      'troupe.v1.query.agents.select',
      'troupe.v1.orchestrator.hello',
    ]);
  });

  it('have patterns for subscribing', () => {
    expect([
      subjects.anyRunCommand(),
      subjects.anyRunEvents(),
      subjects.anyRunHistory(),
      subjects.anyRunStream(),
      subjects.anyTaskResult(),
      subjects.anyTaskProgress(),
      subjects.anyInvoke(),
      subjects.anyHeartbeat(),
      subjects.anyMessage(),
      subjects.anyContext(),
      subjects.anyQuery(),
      subjects.everything(),
    ]).toEqual([
      'troupe.v1.run.*.command',
      'troupe.v1.run.*.events',
      'troupe.v1.run.*.history',
      'troupe.v1.run.*.stream',
      'troupe.v1.run.*.task.*.result',
      'troupe.v1.run.*.task.*.progress',
      'troupe.v1.agent.*.invoke',
      'troupe.v1.agent.*.heartbeat',
      'troupe.v1.message.>',
      'troupe.v1.context.*',
      'troupe.v1.query.>',
      'troupe.v1.>',
    ]);
  });

  it('take another prefix, also one with dots', () => {
    const other = createSubjects('acme.team');
    expect(other.request()).toBe('acme.team.v1.request');
    expect(other.parseRun(other.runEvents('r'))).toEqual({ runId: 'r', kind: 'events' });
    expect(other.parseRun(subjects.runEvents('r'))).toBeUndefined();
  });

  it.each(['', 'a.b', 'a b', '*', '>', 'a*', 'a>', 'a\tb', 'a\nb', 'ä', '\u0000', 'x'.repeat(256)])(
    'refuse the token %j with `subject.invalid-token`',
    (bad) => {
      const refused = expect.objectContaining({ code: 'subject.invalid-token' });
      expect(() => subjects.runEvents(bad)).toThrow(refused);
      expect(() => subjects.taskResult('run_1', bad)).toThrow(refused);
      expect(() => subjects.agentInvoke(bad)).toThrow(refused);
      expect(() => subjects.context(bad)).toThrow(refused);
      expect(() => checkQueueName(bad)).toThrow(refused);
    },
  );

  it('parse back to the tokens they were built of', () => {
    fc.assert(
      fc.property(token, token, (first, second) => {
        expect(subjects.parseRun(subjects.runCommand(first))).toEqual({
          runId: first,
          kind: 'command',
        });
        expect(subjects.parseTask(subjects.taskResult(first, second))).toEqual({
          runId: first,
          activation: second,
          kind: 'result',
        });
        expect(subjects.parseTask(subjects.taskProgress(first, second))?.kind).toBe('progress');
        expect(subjects.parseAgent(subjects.agentHeartbeat(first))).toEqual({
          agent: first,
          kind: 'heartbeat',
        });
        expect(subjects.parseQuery(subjects.query(`${first}.${second}`))).toEqual({
          name: `${first}.${second}`,
        });
        expect(subjects.parseContext(subjects.context(first))).toEqual({ scope: first });
        expect(subjects.parseMessage(subjects.messageTo(first))).toEqual({
          kind: 'to',
          name: first,
        });
        expect(subjects.parseMessage(subjects.messageTopic(`${first}.${second}`))).toEqual({
          kind: 'topic',
          name: `${first}.${second}`,
        });
      }),
    );
    expect(subjects.parseMessage(subjects.messageAll())).toEqual({ kind: 'all', name: '' });
  });

  it('of another shape parse to undefined', () => {
    const parsers = [
      subjects.parseRun,
      subjects.parseTask,
      subjects.parseAgent,
      subjects.parseQuery,
      subjects.parseContext,
      subjects.parseMessage,
    ];
    const foreign = [
      '',
      'troupe',
      'troupe.v1',
      'troupe.v1.run',
      'troupe.v1.run.a',
      'troupe.v1.run.a.b',
      'troupe.v1.run..events',
      'troupe.v2.run.a.events',
      'troupe.v1.run.a.events.b',
      'troupe.v1.run.a.task.b.c',
      'troupe.v1.run.a.task..result',
      'troupe.v1.agent.a.b',
      'troupe.v1.message.to',
      'troupe.v1.message.all.x',
      'troupe.v1.context',
      'troupe.v1.query',
      '_INBOX.a.b',
    ];
    for (const subject of foreign)
      for (const parse of parsers) expect(parse(subject)).toBeUndefined();
  });
});
