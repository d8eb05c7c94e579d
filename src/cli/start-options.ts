/** Options of a request beside what it runs: whose it is, how urgent, and by which key its start is counted. */
import type { RequestInput } from '../client/client.ts';
import type { Arguments, OptionTable } from './arguments.ts';
import { UsageError } from './errors.ts';

const priorities = ['urgent', 'high', 'normal', 'low'] as const;

/** Of requests and jobs. */
export const ownerOptions: OptionTable = {
  priority: {
    type: 'string',
    value: 'LEVEL',
    choices: priorities,
    description: 'urgent, high, normal or low; default: what the workflow says, else normal',
  },
  tenant: {
    type: 'string',
    value: 'NAME',
    description: 'Whose work it is; slots are shared among tenants first',
  },
  session: {
    type: 'string',
    value: 'NAME',
    description: 'The session it belongs to; slots are shared among sessions next',
  },
};

export const startOptions: OptionTable = {
  ...ownerOptions,
  dedupe: {
    type: 'string',
    value: 'KEY=TIME',
    description: 'Follow the run of this key where one began within that time',
  },
  debounce: {
    type: 'string',
    value: 'KEY=TIME',
    description: 'Start once that time has passed without another request of this key',
  },
};

/** Throws `cli.usage` for a priority that there is not. */
export function ownerFields(
  given: Arguments,
): Pick<RequestInput, 'priority' | 'tenant' | 'session'> {
  const wanted = given.text('priority');
  const priority = priorities.find((each) => each === wanted);
  if (wanted !== undefined && priority === undefined)
    throw new UsageError(`there is no priority "${wanted}"`, `Known are ${priorities.join(', ')}.`);
  const tenant = given.text('tenant');
  const session = given.text('session');
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(session === undefined ? {} : { session }),
  };
}

/** Throws `cli.usage` for a priority that there is not, or a key without a time. */
export function startFields(
  given: Arguments,
): Pick<RequestInput, 'priority' | 'tenant' | 'session' | 'dedupe' | 'debounce'> {
  const dedupe = keyAndTime(given, 'dedupe');
  const debounce = keyAndTime(given, 'debounce');
  return {
    ...ownerFields(given),
    ...(dedupe === undefined ? {} : { dedupe: { key: dedupe.key, window: dedupe.time } }),
    ...(debounce === undefined ? {} : { debounce: { key: debounce.key, delay: debounce.time } }),
  };
}

function keyAndTime(given: Arguments, option: string): { key: string; time: string } | undefined {
  const text = given.text(option);
  if (text === undefined) return undefined;
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new UsageError(
      `--${option} needs a key and a time, and has ${JSON.stringify(text)}`,
      `Write --${option} nightly=30s.`,
    );
  return { key: text.slice(0, at), time: text.slice(at + 1) };
}
