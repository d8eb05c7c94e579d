/**
 * The shape of a workflow file, with the words that editors show. What the language knows but this
 * release does not run is not in here; `unsupported-fields.ts` names it.
 */
import { z } from 'zod';
import { parseDuration } from './durations.ts';
import { MAX_ATTEMPTS, MAX_NAME_LENGTH, MAX_TASKS } from './limits.ts';

const NAME_TEXT = `a name: letters, digits, \`_\` and \`-\`, at most ${MAX_NAME_LENGTH}`;
const name = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, `must be ${NAME_TEXT}`)
  .max(MAX_NAME_LENGTH);
const isDuration = (value: unknown): boolean => parseDuration(value) !== undefined;
const DURATION_TEXT =
  'must be a duration: seconds (`0.05`, `30`) or a text with a unit (`250ms`, `30s`, `5m`, `1h`, `1d`)';

const duration = z
  .union([z.number().nonnegative(), z.string()], { error: DURATION_TEXT })
  .refine(isDuration, DURATION_TEXT)
  .meta({ description: 'Seconds (fractions allowed), or 250ms, 30s, 5m, 1h, 1d.' });

const positive = z.number().int().min(1).max(MAX_TASKS);

const input = z.strictObject({
  type: z
    .enum(['string', 'number', 'integer', 'boolean', 'array', 'object', 'any'])
    .optional()
    .meta({ description: 'Default: string.' }),
  description: z.string().optional(),
  default: z.any().optional().meta({ description: 'Used when the input is not given.' }),
  required: z
    .boolean()
    .optional()
    .meta({ description: 'Default: true where there is no default.' }),
  enum: z.array(z.any()).min(1).optional().meta({ description: 'The only values allowed.' }),
});

const settings = z.strictObject({
  max_parallel: positive.optional().meta({
    description: 'Attempts that run at the same time. Default 3; 1 is the sequential mode.',
  }),
  timeout: duration.optional().meta({ description: 'Of the whole run. Default 3600 seconds.' }),
  on_failure: z
    .enum(['stop', 'continue'])
    .optional()
    .meta({ description: 'What an unhandled failure does to the run. Default stop.' }),
  priority: z.enum(['urgent', 'high', 'normal', 'low']).optional(),
});

const retry = z.strictObject({
  max_attempts: z
    .number()
    .int()
    .min(1)
    .max(MAX_ATTEMPTS)
    .optional()
    .meta({ description: 'Attempts in all. Default 3.' }),
  delay: duration.optional().meta({ description: 'Before the second attempt. Default 1 second.' }),
  backoff: z
    .enum(['fixed', 'exponential'])
    .optional()
    .meta({ description: 'Exponential doubles the delay each time. Default fixed.' }),
  max_delay: duration.optional(),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'Share of the delay that is random.' }),
  retry_on: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: 'Error codes or their last part; default: every retryable error.' }),
});

const TRIGGER_TEXT =
  'must be all_success, all_done, one_success, one_failed, none_failed, activated, any, or {count: N} with a whole N of 1 or more';
const trigger = z
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
      z.strictObject({ count: positive }),
    ],
    { error: TRIGGER_TEXT },
  )
  .meta({
    description: 'When the task runs, given how its dependencies ended. Default all_success.',
  });

const JOIN_TEXT = 'must be a whole number of instances, or a share between 0 and 1';
const join = z.strictObject({
  count: z
    .number()
    .positive(JOIN_TEXT)
    .refine((count) => count < 1 || Number.isInteger(count), JOIN_TEXT)
    .optional()
    .meta({
      description:
        'Instances that must succeed: 1 or more is a number, below 1 a share. Default all.',
    }),
  rest: z
    .enum(['wait', 'cancel'])
    .optional()
    .meta({ description: 'What happens to the others. Default wait.' }),
});

const TIMER_TEXT = `${DURATION_TEXT}, or an expression \`\${...}\``;
const wait = z.strictObject({
  timer: z
    .union([z.number().nonnegative(), z.string()], { error: TIMER_TEXT })
    .refine(
      (value) => isDuration(value) || (typeof value === 'string' && value.includes('${')),
      TIMER_TEXT,
    )
    .meta({ description: 'How long to sleep: a duration, or an expression that yields one.' }),
});

const task = z.strictObject({
  id: name.meta({ description: 'Unique in the file.' }),
  agent: z.string().min(1).optional().meta({ description: 'Who does it.' }),
  capability: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Instead of an agent: what it must be able to do.' }),
  wait: wait.optional().meta({ description: 'Instead of an agent: a durable wait.' }),
  description: z.string().optional(),
  request: z
    .string()
    .optional()
    .meta({ description: 'What the agent is asked, in words; becomes parameters.request.' }),
  parallel: z
    .boolean()
    .optional()
    .meta({ description: 'false: never at the same time as another task of the run.' }),
  parameters: z
    .record(z.string(), z.any())
    .optional()
    .meta({ description: 'What the agent gets. Texts may hold ${...}.' }),
  dependencies: z
    .array(z.string())
    .optional()
    .meta({ description: 'Ids of the tasks that come before.' }),
  trigger: trigger.optional(),
  condition: z
    .union([z.string().min(1), z.boolean()], { error: 'must be an expression' })
    .optional()
    .meta({ description: 'A CEL expression; when it is false the task is skipped.' }),
  foreach: z
    .union([z.string(), z.array(z.any())], {
      error: 'must be a list, or an expression `${...}` that yields one',
    })
    .optional()
    .meta({ description: 'One instance for each element of this list.' }),
  as: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a plain name')
    .max(MAX_NAME_LENGTH)
    .optional()
    .meta({ description: 'Name of the element in expressions; `item` always works.' }),
  max_parallel: positive.optional().meta({ description: 'Instances that run at the same time.' }),
  join: join.optional().meta({ description: 'How many instances must succeed.' }),
  retry: retry.optional(),
  timeout: duration.optional().meta({ description: 'Of one attempt.' }),
  on_failure: z
    .enum(['fail', 'skip', 'retry'])
    .optional()
    .meta({ description: 'What a final failure becomes. Default fail.' }),
});

/** The file as a whole. */
export const workflowSchema = z.strictObject({
  version: z
    .union([z.literal('1.0'), z.literal(1)], { error: 'must be "1.0"' })
    .optional()
    .meta({ description: 'Of the language. Default "1.0".' }),
  name: z.string().min(1).max(200),
  description: z.string().optional(),
  metadata: z
    .object({ author: z.string().optional(), tags: z.array(z.string()).optional() })
    .catchall(z.any())
    .optional()
    .meta({ description: 'Free notes; author and tags are known.' }),
  inputs: z
    .record(name, input)
    .optional()
    .meta({ description: 'Typed values that a run is started with.' }),
  settings: settings.optional(),
  context: z
    .strictObject({
      variables: z
        .record(name, z.any())
        .optional()
        .meta({ description: 'Constants for expressions.' }),
    })
    .optional(),
  tasks: z.array(task).min(1, 'must hold a task').max(MAX_TASKS),
  outputs: z
    .record(z.string(), z.any())
    .optional()
    .meta({ description: 'What the run gives back. Texts may hold ${...}.' }),
});

/** The fields that each part of a file may have, for suggestions. */
export const knownFields: Readonly<Record<string, readonly string[]>> = {
  workflow: Object.keys(workflowSchema.shape),
  settings: Object.keys(settings.shape),
  context: ['variables'],
  input: Object.keys(input.shape),
  task: Object.keys(task.shape),
  retry: Object.keys(retry.shape),
  join: Object.keys(join.shape),
  wait: Object.keys(wait.shape),
  trigger: ['count'],
};

/** The JSON Schema (2020-12) of a workflow file, from which editors complete. */
export function workflowJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(workflowSchema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
  });
  return { title: 'Troupe workflow', ...schema };
}

/** The shape of a file that passed the schema; what `defineWorkflow` takes is a narrower form of it. */
export type WorkflowSource = z.input<typeof workflowSchema>;
