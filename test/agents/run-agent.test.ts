import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { functionAgent } from '../../src/agents/adapters/function-agent.ts';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { AgentFailure } from '../../src/agents/errors.ts';
import { attempt, failureOf, fakeContext, outputOf } from './agent-context.ts';

const agentOf = (name: string) =>
  builtinAgents().find((agent) => agent.name === name) ?? raise(name);
function raise(name: string): never {
  throw new Error(`no agent ${name}`);
}

describe('the built-in agents', () => {
  it('are seven, each with a name of its own', () => {
    const names = builtinAgents().map(({ name }) => name);
    expect(names).toEqual([
      'echo',
      'sleep',
      'fail',
      'shell',
      'codebase-locator',
      'codebase-analyzer',
      'report-writer',
    ]);
  });
});

describe('echo', () => {
  it('returns its parameters', async () => {
    expect(await outputOf(agentOf('echo'), { a: [1, { b: null }] })).toEqual({
      a: [1, { b: null }],
    });
  });
});

describe('sleep', () => {
  it('returns `then` after `ms`, else null', async () => {
    const { context, slept } = fakeContext();
    // biome-ignore lint/suspicious/noThenProperty: the parameter's name is part of the contract.
    expect(await outputOf(agentOf('sleep'), { ms: 40, then: [1] }, { context })).toEqual([1]);
    expect(await outputOf(agentOf('sleep'), { ms: 2 }, { context })).toBeNull();
    expect(slept).toEqual([40, 2]);
  });
  it('ends as canceled when the signal aborts', async () => {
    const { context } = fakeContext(AbortSignal.abort());
    expect(await failureOf(agentOf('sleep'), { ms: 1 }, { context })).toMatchObject({
      code: 'agent.canceled',
      retryable: false,
    });
  });
  it('refuses a negative time, naming the path', async () => {
    const failure = await failureOf(agentOf('sleep'), { ms: -1 });
    expect(failure).toMatchObject({ code: 'agent.invalid-parameters', retryable: false });
    expect(failure.message).toMatch(/^sleep: ms: /);
  });
});

describe('fail', () => {
  const fail = agentOf('fail');
  it('fails attempts 1 to `times`, then returns `then`', async () => {
    // biome-ignore lint/suspicious/noThenProperty: the parameter's name is part of the contract.
    const parameters = { times: 2, then: 'ok', code: 'my.code' };
    expect(await failureOf(fail, parameters, { attempt: 2 })).toMatchObject({
      code: 'my.code',
      retryable: true,
    });
    expect(await outputOf(fail, parameters, { attempt: 3 })).toBe('ok');
  });
  it('fails every attempt without `times`, retryable or not as asked', async () => {
    expect(await failureOf(fail, { retryable: false }, { attempt: 1_000 })).toMatchObject({
      code: 'agent.failed',
      retryable: false,
    });
  });
});

describe('runAgent', () => {
  const throwing = (error: unknown) =>
    functionAgent({
      name: 'throws',
      run() {
        throw error;
      },
    });
  it('reads an unknown error as agent.error, retryable', async () => {
    expect(await failureOf(throwing(new Error('boom')), {})).toEqual({
      code: 'agent.error',
      message: 'boom',
      retryable: true,
    });
    expect(await failureOf(throwing('text'), {})).toMatchObject({
      code: 'agent.error',
      message: 'text',
    });
  });
  it('keeps what an AgentFailure says of itself', async () => {
    const record = { code: 'x.y', message: 'no', retryable: false };
    expect(await failureOf(throwing(new AgentFailure(record)), {})).toEqual(record);
  });
  it('takes an AgentFailure given as the reason of cancellation', async () => {
    const reason = new AgentFailure({ code: 'task.timeout', message: 'late', retryable: true });
    const { context } = fakeContext(AbortSignal.abort(reason));
    expect(await failureOf(agentOf('echo'), {}, { context })).toMatchObject({
      code: 'task.timeout',
      retryable: true,
    });
  });
  it('reports the last usage, also of a failure', async () => {
    const agent = functionAgent({
      name: 'spends',
      run(_parameters, context) {
        context.progress({ usage: { tokens: 1 } });
        context.progress({ percent: 50, usage: { tokens: 7 } });
        throw new Error('spent');
      },
    });
    const { context, updates } = fakeContext();
    expect(await attempt(agent, {}, { context })).toMatchObject({
      status: 'failed',
      usage: { tokens: 7 },
    });
    expect(updates).toHaveLength(2);
  });
});

describe('functionAgent', () => {
  it('gives the function parsed parameters, with defaults, and the task', async () => {
    const agent = functionAgent({
      name: 'adds',
      parameters: z.object({ a: z.number(), b: z.number().default(2) }),
      run: ({ a, b }, { task }) => `${task.taskId}:${a + b}`,
    });
    expect(await outputOf(agent, { a: 1 })).toBe('task:3');
    expect((await failureOf(agent, { a: 'x', b: 'y' })).message).toMatch(/^adds: a: .*; b: /);
  });
  it('makes null of nothing', async () => {
    expect(await outputOf(functionAgent({ name: 'silent', run() {} }), {})).toBeNull();
  });
  it('refuses a name that is no subject token', () => {
    expect(() => functionAgent({ name: 'a.b', run() {} })).toThrow(TypeError);
  });
});
