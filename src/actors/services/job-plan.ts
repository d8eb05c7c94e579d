/** The definition behind a job: a workflow of one task, named after its agent. */
import { blobReferencesIn } from '../../log/blob-references.ts';
import type { EnqueueMessage } from '../../messages/job.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { WorkflowInvalid } from '../../workflow/errors.ts';
import { compileWorkflow, definitionHash } from '../../workflow/parse.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import type { Planned } from './planner.ts';

/** The id of the task. */
const JOB_TASK = 'job';
/** First and longest delay between two attempts. */
const FIRST_DELAY = '1s';
const LONGEST_DELAY = '5m';
/** A tenth of a delay is random, so that jobs that failed together do not come back together. */
const JITTER = 0.1;
/** A job may wait in the queue for as long as it takes. */
const RUN_TIMEOUT = '3650d';
const MAX_NAME = 200;

/** Definitions that are kept, but for the parameters of their task. */
const MAX_KEPT = 256;
const kept = new Map<string, WorkflowDefinition>();

/** The agent must be known. Jobs that differ in their parameters alone are validated once. */
export function planJob(asked: EnqueueMessage): Planned {
  const { parameters } = asked;
  const frame = frameOf(asked);
  const tasks = frame.tasks.map((task) => ({ ...task, parameters: literal(parameters) }));
  const definition = { ...frame, tasks };
  return {
    definition,
    hash: definitionHash(definition),
    inputs: {},
    warnings: [],
    namesBlobs: blobReferencesIn(parameters).length > 0,
  };
}

function frameOf(asked: EnqueueMessage): WorkflowDefinition {
  const { agent, maxRetries, timeout } = asked;
  const key = `${agent}/${maxRetries}/${timeout}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const task = {
    ...{ id: JOB_TASK, agent },
    ...(timeout === undefined ? {} : { timeout: `${timeout}ms` }),
    ...(maxRetries === 0 ? {} : { retry: retryOf(maxRetries) }),
  };
  const { definition, problems } = compileWorkflow({
    name: `job ${agent}`.slice(0, MAX_NAME),
    settings: { timeout: RUN_TIMEOUT },
    tasks: [task],
  });
  if (definition === undefined) throw new WorkflowInvalid(problems);
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(key, definition);
  return definition;
}

function retryOf(maxRetries: number): JsonObject {
  return {
    max_attempts: maxRetries + 1,
    backoff: 'exponential',
    delay: FIRST_DELAY,
    max_delay: LONGEST_DELAY,
    jitter: JITTER,
  };
}

/** The value in a definition, where `${` would begin an expression. */
export function literal<Value extends JsonValue>(value: Value): Value {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${') as Value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(literal) as unknown as Value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, literal(item)]),
  ) as Value;
}
