/**
 * The shape of a workflow file, with the words that editors show; `unsupported-fields.ts` names what is not in here.
 * Size: every field has its words, its default and an example beside it.
 */
import { z } from 'zod';
import { MAX_NAME_LENGTH, MAX_TASKS } from './limits.ts';
import {
  approval,
  cancels,
  childWorkflow,
  compensate,
  condition,
  edge,
  emit,
  feed,
  milestone,
  mutex,
  repeat,
  wait,
} from './schema-flow.ts';
import {
  duration,
  input,
  join,
  name,
  positive,
  retry,
  secretSource,
  settings,
  trigger,
} from './schema-parts.ts';

const task = z
  .strictObject({
    id: name.meta({
      description: `Its name in this file: letters, digits, _ and -, at most ${MAX_NAME_LENGTH}. Unique. Expressions name the task by it.`,
      examples: ['analyze', 'sign-off'],
    }),
    agent: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          'The agent that does it, by name. A task has exactly one of agent, capability, wait, workflow and pass.',
        examples: ['codebase-analyzer', 'echo'],
      }),
    capability: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          'What the agent must be able to do; the router chooses one that offers it. Stands in the place of agent.',
        examples: ['analyze:security'],
      }),
    limit: name.optional().meta({
      description:
        'The key of a limit that its attempts share with those of other tasks and runs. How many run at once, and how often one begins, the orchestrator is told in its setting limits.keys; without an entry there nothing is limited.',
      examples: ['github'],
    }),
    wait: wait.optional().meta({
      description: 'A durable wait, in the place of an agent. It takes no place of max_parallel.',
    }),
    workflow: childWorkflow.optional().meta({
      description:
        'A run of another workflow, in the place of an agent. parameters are its inputs; its outputs are the output of the task.',
      examples: ['publish', './publish.yaml'],
    }),
    pass: z.literal(true).optional().meta({
      description:
        'No agent does the task: it succeeds at once, with `output` as its output. For joins, splits, ends and values.',
    }),
    output: z
      .any()
      .optional()
      .meta({
        description:
          'What a task with pass gives: any value whose texts may hold ${...}; a text that is one ${...} keeps the type of its value. Default: null.',
        examples: ['${measure.output.width * 2}', { total: '${sum(count.output)}' }],
      }),
    description: z
      .string()
      .optional()
      .meta({
        description: 'What the task is for, for people. No agent sees it.',
        examples: ['Find the source files'],
      }),
    request: z
      .string()
      .optional()
      .meta({
        description:
          'What the agent is asked, in words; the same as parameters.request. It may hold ${...}.',
        examples: ['Find the TypeScript files under ${inputs.path}'],
      }),
    parallel: z.boolean().optional().meta({
      description:
        'false: it never runs at the same time as another task of the run. Default: true.',
      default: true,
    }),
    parameters: z
      .record(z.string(), z.any())
      .optional()
      .meta({
        description:
          'What the agent gets. Texts may hold ${...}; a text that is one ${...} keeps the type of its value. Default: none.',
        examples: [{ path: '${inputs.path}', limit: 10 }],
      }),
    dependencies: z
      .array(z.string().meta({ description: 'The id of a task of this file.' }))
      .optional()
      .meta({
        description: 'Ids of the tasks that come before. Default: none, so it is ready at once.',
        examples: [['find']],
      }),
    trigger: trigger.optional(),
    condition: condition.optional().meta({
      description:
        'An expression (CEL) that is true or false; where it is false the task is skipped. Default: true.',
      examples: ['find.output.files.size() > 0', 'review.status == "success"'],
    }),
    foreach: z
      .union([z.string(), z.array(z.any()), feed], {
        error: 'must be a list, an expression `${...}` that yields one, or {feed, items}',
      })
      .optional()
      .meta({
        description:
          'A list, or an expression that yields one: the task runs once for each element. Its output is the list of the outputs of the instances that succeeded. Default: one run of the task.',
        examples: ['${find.output.files}', ['a', 'b']],
      }),
    as: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a plain name')
      .max(MAX_NAME_LENGTH)
      .optional()
      .meta({
        description:
          'Another name for the element in the expressions of a foreach task. Default: item, which always works.',
        examples: ['file'],
      }),
    max_parallel: positive.optional().meta({
      description:
        'Instances of a foreach task that run at the same time. It can only lower the bound of the run. Default: settings.max_parallel.',
      examples: [4],
    }),
    join: join.optional().meta({
      description:
        'How many instances of a foreach task must succeed, and what becomes of the others. Default: all must.',
    }),
    detach: z.literal(true).optional().meta({
      description:
        'The dependents of a foreach task do not wait for its instances; only the end of the run does.',
    }),
    repeat: repeat
      .optional()
      .meta({ description: 'More rounds of the task, up to a bound. Default: one round.' }),
    emit: emit.optional().meta({
      description:
        'Threads that go on after the task: everything behind it runs that many times, until a trigger {merge: N} brings them together. Default: 1.',
      examples: [3],
    }),
    retry: retry.optional().meta({
      description: 'What happens after an attempt that failed. Default: no second attempt.',
    }),
    timeout: duration({
      description:
        'How long one attempt may take; then it fails with task.timeout. Default: no bound but that of the run.',
      examples: [60, '5m'],
    }).optional(),
    on_failure: z.enum(['fail', 'skip', 'retry']).optional().meta({
      description:
        'What a final failure becomes. fail: the task is failed. skip: it counts as skipped and as no failure. retry: fail, with three attempts where retry is absent. Default: fail.',
      default: 'fail',
    }),
    fallback: z
      .array(z.string().min(1).meta({ description: 'The name of an agent.' }))
      .min(1)
      .optional()
      .meta({
        description:
          'Agents that are asked after the last attempt failed, in order, with the same parameters.',
        examples: [['ripgrep']],
      }),
    compensate: compensate.optional().meta({
      description:
        'What undoes the task where the run fails and on_failure is compensate. Default: nothing is undone.',
    }),
    mutex: mutex.optional().meta({
      description: 'Tasks of the run with the same mutex are never active at the same time.',
      examples: ['database'],
    }),
    region: name.optional().meta({
      description: 'The region that the task belongs to; `cancel` and `regions` name it.',
      examples: ['search'],
    }),
    milestone: milestone.optional().meta({
      description: 'The task may start only while a state of the run holds.',
      examples: [{ after: 'open', until: 'close' }],
    }),
    cancel: cancels.optional().meta({
      description: 'What the success of the task cancels: tasks, regions, or the run.',
      examples: [['slow-search'], 'run'],
    }),
    complete: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({
        description:
          'foreach tasks that the success of the task ends at once, with the results they have.',
        examples: [['collect']],
      }),
    end: z.literal('terminate').optional().meta({
      description: 'The success of the task ends the run with success; what is left is canceled.',
    }),
  })
  .meta({ description: 'One step of the workflow: an agent that works, a wait, a child run.' });

const hookList = z.array(task).min(1);
const hooks = z.strictObject({
  on_start: hookList.optional().meta({ description: 'Tasks that end before the first task.' }),
  on_success: hookList
    .optional()
    .meta({ description: 'Tasks at the end of a run that succeeded.' }),
  on_failure: hookList.optional().meta({ description: 'Tasks at the end of a run that failed.' }),
  on_complete: hookList.optional().meta({ description: 'Tasks at the end of every run.' }),
});

/** The file as a whole. */
export const workflowSchema = z.strictObject({
  $schema: z
    .string()
    .optional()
    .meta({
      description: 'Where an editor finds this schema. It has no meaning for the run.',
      examples: ['../schema/workflow.schema.json'],
    }),
  version: z
    .union([z.literal('1.0'), z.literal(1)], { error: 'must be "1.0"' })
    .optional()
    .meta({ description: 'The version of the language. Default: "1.0".', default: '1.0' }),
  name: z
    .string()
    .min(1)
    .max(200)
    .meta({
      description: 'The name of the workflow, at most 200 characters. Lists of runs show it.',
      examples: ['analyze-repository'],
    }),
  description: z
    .string()
    .optional()
    .meta({
      description: 'What the workflow does, for people.',
      examples: ['Analyse what changed, escalate what looks risky.'],
    }),
  metadata: z
    .object({
      author: z
        .string()
        .optional()
        .meta({ description: 'Who wrote it.', examples: ['platform'] }),
      tags: z
        .array(z.string().meta({ description: 'One word to find it by.' }))
        .optional()
        .meta({ description: 'Words to find it by.', examples: [['review', 'nightly']] }),
    })
    .catchall(z.any())
    .optional()
    .meta({ description: 'Free notes, in any fields. They have no meaning for the run.' }),
  inputs: z
    .record(name, input)
    .optional()
    .meta({
      description:
        'The values that a run is started with, by name. They are checked before the run exists. Without this block a free name in an expression becomes a required text input.',
      examples: [{ path: { type: 'string', default: '.' } }],
    }),
  settings: settings.optional().meta({ description: 'What holds for the run as a whole.' }),
  context: z
    .strictObject({
      variables: z
        .record(name, z.any())
        .optional()
        .meta({
          description: 'Constants for expressions, by name. Default: none.',
          examples: [{ threshold: 10 }],
        }),
      secrets: z
        .record(name, secretSource)
        .optional()
        .meta({
          description:
            'Secrets by name, each with the place of its value; the value itself is refused here. Parameters of a task that an agent does take them as ${secrets.NAME}. Default: none.',
          examples: [{ GH_TOKEN: { env: 'GH_TOKEN' } }],
        }),
    })
    .optional()
    .meta({ description: 'What every task of the run can see.' }),
  tasks: z
    .array(task)
    .min(1, 'must hold a task')
    .max(MAX_TASKS)
    .meta({
      description: `The tasks, at least one and at most ${MAX_TASKS}. They run by their dependencies, not by their order in the file.`,
    }),
  edges: z
    .array(edge)
    .max(4 * MAX_TASKS)
    .optional()
    .meta({
      description:
        'Connections beside `dependencies`: with a condition, or leading back. Default: none.',
      examples: [[{ from: 'review', to: 'fix', condition: 'review.output.errors > 0' }]],
    }),
  start: z.string().min(1).optional().meta({
    description: 'The task where a graph begins: every task without another way in follows it.',
  }),
  end: z.string().min(1).optional().meta({
    description: 'The task where a graph ends: it follows every task without another way out.',
  }),
  regions: z
    .record(
      name,
      z.strictObject({
        mutex: mutex.optional().meta({ description: 'What its tasks hold together, by name.' }),
      }),
    )
    .optional()
    .meta({
      description:
        'What holds for the tasks of a region together: a mutex is held from its first start to its last end.',
      examples: [{ writing: { mutex: 'database' } }],
    }),
  hooks: hooks.optional().meta({ description: 'Tasks around the run, at its start and its end.' }),
  workflows: z
    .record(name, z.any())
    .optional()
    .meta({ description: 'Workflows that tasks run as children, by name; each like a file.' }),
  outputs: z
    .record(z.string(), z.any())
    .optional()
    .meta({
      description:
        'What the run gives back, by name. Texts may hold ${...}. Default: nothing is given back.',
      examples: [{ report: '${report.output}' }],
    }),
});

/** The fields that each part of a file may have, for suggestions. */
export const knownFields: Readonly<Record<string, readonly string[]>> = {
  workflow: [...Object.keys(workflowSchema.shape), 'nodes'],
  settings: Object.keys(settings.shape),
  context: ['variables', 'secrets'],
  input: Object.keys(input.shape),
  task: Object.keys(task.shape),
  retry: Object.keys(retry.shape),
  join: Object.keys(join.shape),
  wait: Object.keys(wait.shape),
  approval: Object.keys(approval.shape),
  trigger: ['count', 'rest', 'block', 'merge'],
  repeat: Object.keys(repeat.shape),
  compensate: Object.keys(compensate.shape),
  milestone: Object.keys(milestone.shape),
  hooks: Object.keys(hooks.shape),
  edges: Object.keys(edge.shape),
  loop: ['max', 'on_max'],
  regions: ['mutex'],
};

/** The JSON Schema (2020-12) of a workflow file, from which editors complete. */
export function workflowJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(workflowSchema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
  });
  const { tasks, ...properties } = schema.properties ?? {};
  return {
    title: 'Troupe workflow',
    description: 'A workflow: tasks that agents do, in the order of their dependencies.',
    ...schema,
    properties: { ...properties, tasks, nodes: nodesOf(tasks) },
    required: schema.required?.filter((field) => field !== 'tasks'),
  };
}

/** `nodes` is read as `tasks` before anything else (`node-form.ts`). */
function nodesOf(tasks: unknown): object {
  return {
    anyOf: [tasks, { type: 'object', additionalProperties: { type: 'object' } }],
    description:
      'The tasks of a graph, in the place of tasks: a list like it, or a map of tasks by id.',
  };
}

/** The shape of a file that passed the schema; what `defineWorkflow` takes is a narrower form of it. */
export type WorkflowSource = z.input<typeof workflowSchema>;
