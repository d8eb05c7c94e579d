/** The parts of a file that steer the flow beyond dependencies, with the words that editors show. */
import { z } from 'zod';
import { MAX_CHILD_DEPTH, MAX_EMITTED, MAX_ROUNDS } from './limits.ts';
import { duration, name, positive, retry, timerWait } from './schema-parts.ts';

const expression = z.union([z.string().min(1), z.boolean()], { error: 'must be an expression' });
const rounds = z.number().int().min(1).max(MAX_ROUNDS);

/** A structured condition; it compiles to an expression. */
const structuredCondition = z.strictObject({
  type: z
    .enum(['status', 'field_exists', 'field_value'])
    .meta({ description: 'What is looked at: the status of a task, or a field of its output.' }),
  field: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'The path that is looked at; for status the id of a task. Default for status: the only dependency.',
      examples: ['review.output.verdict'],
    }),
  operator: z
    .enum(['==', '!=', '>', '<', 'contains'])
    .optional()
    .meta({ description: 'How the field is compared. Default: ==.', default: '==' }),
  value: z
    .any()
    .optional()
    .meta({ description: 'What the field is compared with.', examples: ['success', 10] }),
});

/** When something holds: an expression, or its structured form. */
export const condition = z.union([expression, structuredCondition], {
  error: 'must be an expression, or {type, field, operator, value}',
});

/** More rounds of one task. */
export const repeat = z.strictObject({
  until: expression.optional().meta({
    description:
      'After each round: the loop ends where it is true. `<id>.output` of the task is that of the round just finished.',
    examples: ['refine.output.errors == 0'],
  }),
  while: expression.optional().meta({
    description:
      'Before each round, the first included: the loop ends where it is false. Without until and while the task runs max times.',
    examples: ['attempt_count < 3'],
  }),
  max: rounds.meta({
    description: 'The bound: rounds at most. Every loop has one.',
    examples: [5],
  }),
  on_max: z.enum(['fail', 'accept']).optional().meta({
    description:
      'What happens where max is reached and until does not hold: the task fails with loop.exhausted, or keeps its last output. Default: fail.',
    default: 'fail',
  }),
  delay: duration({
    description: 'The time between two rounds. Default: none.',
    examples: [5, '1m'],
  }).optional(),
});

const signal = z.union(
  [
    name,
    z.strictObject({
      name: name.meta({ description: 'The name of the signal.', examples: ['document-arrived'] }),
      transient: z.boolean().optional().meta({
        description:
          'true: a signal counts only if the task waits at that moment. Default: false, a signal is kept until a task takes it.',
        default: false,
      }),
      timeout: duration({
        description: 'How long to wait. Default: for ever.',
        examples: ['1d'],
      }).optional(),
      on_timeout: z.enum(['fail', 'continue']).optional().meta({
        description:
          'What happens where nothing came in time: the task fails with signal.timeout, or succeeds without a payload. Default: fail.',
        default: 'fail',
      }),
    }),
  ],
  { error: 'must be the name of a signal, or {name, transient, timeout, on_timeout}' },
);

/** Reminders of one group that is asked, at most. */
const MAX_REMINDERS = 100;

const reminders = z.union(
  [
    duration({ description: 'The time between two reminders.', examples: ['4h'] }),
    z.strictObject({
      every: duration({ description: 'The time between two reminders.', examples: ['1d'] }),
      after: duration({
        description: 'The time before the first one. Default: the same as `every`.',
        examples: ['1h'],
      }).optional(),
      max: positive
        .max(MAX_REMINDERS)
        .optional()
        .meta({
          description: `How many there are of each group that is asked, at most ${MAX_REMINDERS}. Default: 10.`,
          default: 10,
        }),
    }),
  ],
  { error: 'must be a time such as 4h, or {every, after, max}' },
);

export const approval = z.strictObject({
  group: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Who may decide. Default: anybody.', examples: ['leads'] }),
  message: z
    .string()
    .optional()
    .meta({
      description: 'What the person is asked. It may hold ${...}.',
      examples: ['Publish ${build.output.version}?'],
    }),
  quorum: positive.optional().meta({
    description: 'Different persons who must approve. Default: 1.',
    default: 1,
  }),
  timeout: duration({
    description: 'How long to wait. Default: for ever.',
    examples: ['1d'],
  }).optional(),
  on_timeout: z.enum(['deny', 'reject', 'fail', 'approve', 'escalate', 'wait']).optional().meta({
    description:
      'What happens where nobody decided in time: deny (or reject) fails the task with approval.denied, fail with approval.timeout, approve goes on, escalate asks escalate_to, wait keeps waiting. Default: deny.',
    default: 'deny',
  }),
  escalate_to: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The group that is asked next.', examples: ['directors'] }),
  remind: reminders.optional().meta({
    description:
      'When those who are asked are told again: an event `timer.fired` on the feed of the run, for as long as the task waits. Default: never.',
    examples: ['4h', { after: '1h', every: '1d', max: 5 }],
  }),
  delegate: z.boolean().optional().meta({
    description:
      'Whether who may answer can hand that on to somebody else (`troupe runs delegate`). Default: true.',
    default: true,
  }),
});

/** A wait in the place of an agent. */
export const wait = z.strictObject({
  timer: timerWait.optional(),
  signal: signal.optional().meta({
    description: 'Waits for a signal to the run; the output is `{signal, payload}`.',
    examples: ['document-arrived'],
  }),
  approval: approval.optional().meta({
    description: 'Waits for a person; the output is `{approved, by, comment}`.',
  }),
  first: z
    .record(
      name,
      z.strictObject({
        timer: timerWait.optional(),
        signal: signal.optional().meta({ description: 'The signal that is waited for.' }),
      }),
    )
    .optional()
    .meta({
      description:
        'Waits for several things by name, and takes the one that comes first: the output is `{event, payload}`.',
      examples: [{ paid: { signal: 'payment' }, late: { timer: '14d' } }],
    }),
});

/** A child run in the place of an agent. */
export const childWorkflow = z.union(
  [
    z.string().min(1),
    z.strictObject({
      name: z
        .string()
        .min(1)
        .meta({
          description:
            'A name of `workflows`, of a template, or the path of a file beside this one.',
          examples: ['publish', './publish.yaml'],
        }),
      on_cancel: z.enum(['cancel', 'leave']).optional().meta({
        description:
          'What becomes of the child when the task is canceled: it is canceled too, or left alone. Default: cancel.',
        default: 'cancel',
      }),
      max_depth: z.number().int().min(1).max(MAX_CHILD_DEPTH).optional().meta({
        description: 'How deep children of children may be nested. Default: 10.',
        default: 10,
      }),
    }),
  ],
  { error: 'must be the name or the path of a workflow, or {name, on_cancel, max_depth}' },
);

/** What undoes a task. */
export const compensate = z.strictObject({
  agent: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The agent that undoes it.', examples: ['shell'] }),
  capability: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'What the agent must be able to do; in the place of agent.' }),
  workflow: childWorkflow.optional().meta({
    description: 'A run of another workflow that undoes it; in the place of agent.',
    examples: ['./take-back.yaml'],
  }),
  parameters: z.record(z.string(), z.any()).optional().meta({
    description:
      'What the agent or the workflow gets. Texts may hold ${...}; the output of the task is at hand.',
  }),
  retry: retry.optional().meta({
    description: 'What happens after an attempt of it that failed. Default: no second attempt.',
  }),
  timeout: duration({
    description: 'How long one attempt may take. Default: no bound.',
    examples: [60],
  }).optional(),
});

/** A conditional or a backward connection. */
export const edge = z.strictObject({
  from: z.string().min(1).meta({ description: 'The id of the task that comes before.' }),
  to: z.string().min(1).meta({ description: 'The id of the task that comes after.' }),
  condition: condition.optional().meta({
    description: 'The edge is taken where this is true once `from` has succeeded. Default: true.',
    examples: ['review.output.verdict == "reject"'],
  }),
  loop: z
    .strictObject({
      max: rounds.meta({ description: 'How often the edge may be taken.', examples: [3] }),
      on_max: z.enum(['fail', 'accept']).optional().meta({
        description:
          'What happens where the edge was taken max times and its condition still holds: `from` fails with loop.exhausted, or its result stands and the run goes on. Default: accept.',
        default: 'accept',
      }),
    })
    .optional()
    .meta({ description: 'The edge leads back: each time it is taken `to` runs again.' }),
});

/** Names of tasks or regions that a success cancels, or the run as a whole. */
export const cancels = z.union([z.literal('run'), z.array(z.string().min(1)).min(1)], {
  error: 'must be `run`, or a list of tasks and regions',
});

export const mutex = z.union([name, z.array(name).min(1)], {
  error: 'must be a name, or a list of names',
});

export const milestone = z.strictObject({
  after: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The task may start once this one has succeeded.' }),
  until: z
    .string()
    .min(1)
    .meta({ description: 'It may not start any more once this one has started.' }),
});

/** A `foreach` over what is still coming. */
export const feed = z.strictObject({
  feed: name.meta({
    description:
      'The name of a signal: each one adds an instance with its payload as the item; a signal `{"close": true}` ends the feed.',
    examples: ['files'],
  }),
  items: z
    .union([z.string(), z.array(z.any())])
    .optional()
    .meta({ description: 'What is there from the start: a list or an expression. Default: none.' }),
});

export const emit = z.number().int().min(1).max(MAX_EMITTED);
