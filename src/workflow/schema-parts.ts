/** The parts of a task's shape, with the words that editors show. */
import { z } from 'zod';
import { parseDuration } from './durations.ts';
import { MAX_ATTEMPTS, MAX_NAME_LENGTH, MAX_TASKS } from './limits.ts';

const NAME_TEXT = `a name: letters, digits, \`_\` and \`-\`, at most ${MAX_NAME_LENGTH}`;
/** A name in a file. */
export const name = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, `must be ${NAME_TEXT}`)
  .max(MAX_NAME_LENGTH);
const isDuration = (value: unknown): boolean => parseDuration(value) !== undefined;
const DURATION_TEXT =
  'must be a duration: seconds (`0.05`, `30`) or a text with a unit (`250ms`, `30s`, `5m`, `1h`, `1d`)';
/** For editors; `parseDuration` decides. */
const DURATION_PATTERN = '^\\s*\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)\\s*$';

interface DurationWords {
  description: string;
  default?: number | string;
  examples: (number | string)[];
}

/** A duration, with the words of its field. */
export function duration({ description, ...more }: DurationWords) {
  return z
    .union([z.number().nonnegative(), z.string().meta({ pattern: DURATION_PATTERN })], {
      error: DURATION_TEXT,
    })
    .refine(isDuration, DURATION_TEXT)
    .meta({
      description: `${description} A number is seconds, fractions allowed; a text has a unit: ms, s, m, h or d.`,
      ...more,
    });
}

/** A whole number of at least 1. */
export const positive = z.number().int().min(1).max(MAX_TASKS);

/** What happens after an attempt that failed. */
export const retry = z.strictObject({
  max_attempts: z
    .number()
    .int()
    .min(1)
    .max(MAX_ATTEMPTS)
    .optional()
    .meta({ description: 'Attempts in all, the first included. Default: 3.', default: 3 }),
  delay: duration({
    description: 'The time before the second attempt. Default: 1 second.',
    default: 1,
    examples: [2, '500ms'],
  }).optional(),
  backoff: z.enum(['fixed', 'exponential']).optional().meta({
    description:
      'How the delay goes on: fixed keeps it, exponential doubles it each time. Default: fixed.',
    default: 'fixed',
  }),
  max_delay: duration({
    description: 'The longest delay between two attempts. Default: no bound.',
    examples: [60, '5m'],
  }).optional(),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({
      description: 'The share of each delay that is random, from 0 to 1. Default: 0.',
      default: 0,
      examples: [0.2],
    }),
  retry_on: z
    .array(z.string().min(1).meta({ description: 'An error code, or its last part.' }))
    .min(1)
    .optional()
    .meta({
      description:
        'The errors after which another attempt follows, by code or its last part. Default: every error that is marked retryable.',
      examples: [['timeout', 'unavailable']],
    }),
});

const TRIGGER_TEXT =
  'must be all_success, all_done, one_success, one_failed, none_failed, activated, any, or {count: N} with a whole N of 1 or more';
/** When a task runs, by how its dependencies ended. */
export const trigger = z
  .union(
    [
      z.enum([
        'all_success',
        'all_done',
        'one_success',
        'one_failed',
        'none_failed',
        'activated',
        'any',
      ]),
      z.strictObject({
        count: positive.meta({ description: 'Dependencies that must succeed.', examples: [2] }),
      }),
    ],
    { error: TRIGGER_TEXT },
  )
  .meta({
    description:
      'When the task runs, by how its dependencies ended. A task whose trigger can no longer hold is skipped. Default: all_success.',
    default: 'all_success',
    examples: ['all_done', 'one_failed', { count: 2 }],
  });

const JOIN_TEXT = 'must be a whole number of instances, or a share between 0 and 1';
/** How many instances of a `foreach` task must succeed. */
export const join = z.strictObject({
  count: z
    .number()
    .positive(JOIN_TEXT)
    .refine((count) => count < 1 || Number.isInteger(count), JOIN_TEXT)
    .optional()
    .meta({
      description:
        'Instances that must succeed: 1 or more is a number, below 1 a share of all, rounded up. Default: all.',
      examples: [3, 0.9],
    }),
  rest: z.enum(['wait', 'cancel']).optional().meta({
    description:
      'What happens to the other instances once enough have succeeded: wait for them or cancel them. Default: wait.',
    default: 'wait',
  }),
});

const TIMER_TEXT = `${DURATION_TEXT}, or an expression \`\${...}\``;
/** A wait in the place of an agent. */
export const wait = z.strictObject({
  timer: z
    .union([z.number().nonnegative(), z.string()], { error: TIMER_TEXT })
    .refine(
      (value) => isDuration(value) || (typeof value === 'string' && value.includes('${')),
      TIMER_TEXT,
    )
    .meta({
      description:
        'How long to sleep: seconds, a text with a unit (ms, s, m, h, d), or an expression that yields one of them. The time goes on while nothing runs.',
      examples: [30, '5m', '${inputs.pause}'],
    }),
});
