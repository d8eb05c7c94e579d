/** The agents for trials take what they know and nothing else: a misspelt parameter would change what is tried. */
import { expect, it } from 'vitest';
import { fail } from '../../../src/agents/builtin/fail.ts';
import { sleep } from '../../../src/agents/builtin/sleep.ts';

it.each([
  // biome-ignore lint/suspicious/noThenProperty: the parameter of the agents has this name.
  { agent: sleep, known: { ms: 1, then: 2 }, misspelt: { ms: 1, millis: 2 } },
  // biome-ignore lint/suspicious/noThenProperty: the parameter of the agents has this name.
  { agent: fail, known: { times: 1, code: 'x', retryable: false, then: 2 }, misspelt: { time: 1 } },
])('$agent.name refuses parameters that it does not know', ({ agent, known, misspelt }) => {
  expect(agent.parametersSchema?.safeParse(known).success).toBe(true);
  expect(agent.parametersSchema?.safeParse(misspelt).error?.issues).toMatchObject([
    { code: 'unrecognized_keys' },
  ]);
});
