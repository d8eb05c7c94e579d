/** The parts of a workflow's shape, with the words that editors show. */
import { z } from 'zod';
import { namedTriggers } from './definition.ts';
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
  delay: z
    .union([
      z.literal('auto'),
      duration({
        description: 'The time before the second attempt. Default: 1 second.',
        default: 1,
        examples: [2, '500ms'],
      }),
    ])
    .optional()
    .meta({
      description:
        'The time before the second attempt. auto takes it from how long the agent needed to recover before. Default: 1 second.',
      default: 1,
      examples: [2, '500ms', 'auto'],
    }),
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

const TRIGGER_TEXT = `must be ${namedTriggers.join(', ')}, {count: N}, or {merge: N} with a whole N of 1 or more`;
/** When a task runs, by how its dependencies ended. */
export const trigger = z
  .union(
    [
      z.enum(namedTriggers),
      z.strictObject({
        count: positive.meta({ description: 'Dependencies that must succeed.', examples: [2] }),
        rest: z.enum(['wait', 'cancel']).optional().meta({
          description:
            'What becomes of the other dependencies once enough have succeeded: they go on, or they are canceled. Default: wait.',
          default: 'wait',
        }),
        block: z.boolean().optional().meta({
          description:
            'true: the next round waits until every dependency of this round has ended. Default: false.',
          default: false,
        }),
      }),
      z.strictObject({
        merge: positive.meta({
          description: 'Successes, of whichever dependency, that become one round of the task.',
          examples: [3],
        }),
      }),
    ],
    { error: TRIGGER_TEXT },
  )
  .meta({
    description:
      'When the task runs, by how its dependencies ended. A task whose trigger can no longer hold is skipped. each: once for every dependency that succeeds, every time it does. reachable: at least one succeeded, and nothing that runs can still reach the others. Default: all_success.',
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
  until: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'An expression, asked after each instance: true means that enough have succeeded. The output of the task so far is at hand. Default: none.',
      examples: ['collect.output.size() >= 3'],
    }),
  rest: z.enum(['wait', 'cancel', 'detach']).optional().meta({
    description:
      'What happens to the other instances once enough have succeeded: wait for them, cancel them, or detach: the task ends with the results it has, and they go on; only the end of the run waits for them. Default: wait.',
    default: 'wait',
  }),
});

const TIMER_TEXT = `${DURATION_TEXT}, or an expression \`\${...}\``;
/** How long a timer wait sleeps. */
export const timerWait = z
  .union([z.number().nonnegative(), z.string()], { error: TIMER_TEXT })
  .refine(
    (value) => isDuration(value) || (typeof value === 'string' && value.includes('${')),
    TIMER_TEXT,
  )
  .meta({
    description:
      'How long to sleep: seconds, a text with a unit (ms, s, m, h, d), or an expression that yields one of them. The time goes on while nothing runs.',
    examples: [30, '5m', '${inputs.pause}'],
  });

/** One value that a run is started with. */
export const input = z
  .strictObject({
    type: z
      .enum(['string', 'number', 'integer', 'boolean', 'array', 'object', 'any'])
      .optional()
      .meta({ description: 'The type of its values. Default: string.', default: 'string' }),
    description: z
      .string()
      .optional()
      .meta({
        description: 'What to give, in a sentence; shown where the input is missing.',
        examples: ['The folder to analyse'],
      }),
    default: z
      .any()
      .optional()
      .meta({
        description: 'The value of a run that gives none. It has the type of the input.',
        examples: ['.', 10, true],
      }),
    required: z.boolean().optional().meta({
      description:
        'Whether a run must give it. Default: true where there is no default value, else false.',
    }),
    enum: z
      .array(z.any())
      .min(1)
      .optional()
      .meta({
        description: 'The only values allowed. Default: every value of the type.',
        examples: [['low', 'high']],
      }),
  })
  .meta({ description: 'One value that a run is started with.' });

/** What holds for the run as a whole. */
export const settings = z.strictObject({
  max_parallel: positive.optional().meta({
    description:
      'Attempts of the run that are under way at the same time, instances included. Default: 3. 1 is the sequential mode: dependency order, then the order of the file.',
    default: 3,
    examples: [1, 8],
  }),
  timeout: duration({
    description:
      'How long the whole run may take; then it fails with run.timeout. Default: 3600 seconds.',
    default: 3600,
    examples: [3600, '30m'],
  }).optional(),
  on_failure: z.enum(['stop', 'continue', 'compensate']).optional().meta({
    description:
      'What a failure that no task handles does. stop cancels what runs and skips the rest; continue runs all that still can; compensate stops, then undoes what succeeded, last first. Default: stop.',
    default: 'stop',
  }),
  priority: z.enum(['urgent', 'high', 'normal', 'low']).optional().meta({
    description: 'Which run goes first where several wait for a place. Default: normal.',
    default: 'normal',
  }),
  groups: z
    .record(z.string().min(1).max(200), z.array(z.string().min(1).max(200)).min(1).max(100))
    .optional()
    .meta({
      description:
        'Who belongs to a group that an approval asks. Then only they answer, and those to whom they hand their answer on. Default: whoever answers is taken for one of the group.',
      examples: [{ leads: ['ann', 'bob'] }],
    }),
  quarantine: z
    .strictObject({
      after: positive.meta({
        description:
          'How often a task may crash: lose the worker that had it, or fail with an error that its agent did not foresee (agent.error, defect.*). Counted over rounds and instances, until the run is released.',
        examples: [3],
      }),
    })
    .optional()
    .meta({
      description:
        'When the run is isolated with evidence, until somebody releases it. Default: never for crashes; a task that lost three workers in a row has failed with worker.lost.',
      examples: [{ after: 3 }],
    }),
});

/** Where the value of a secret is. */
export const secretSource = z.union([
  z
    .strictObject({
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
        .max(200)
        .meta({
          description: 'A variable in the environment of the orchestrator.',
          examples: ['GH_TOKEN'],
        }),
    })
    .meta({ description: 'The value is in the environment of the orchestrator.' }),
  z
    .strictObject({
      file: z
        .string()
        .min(1)
        .max(1_000)
        .meta({
          description:
            'A file that the orchestrator can read; one line end at its end is left out.',
          examples: ['/run/secrets/gh-token'],
        }),
    })
    .meta({ description: 'The value is a file on the side of the orchestrator.' }),
]);
