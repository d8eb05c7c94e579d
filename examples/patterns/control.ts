/** Basic control flow, loops, ends. The same workflows as the files beside this one, checked by the compiler. */
import { defineWorkflow } from '../../src/index.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are expressions of the workflow
// biome-ignore-start lint/suspicious/noThenProperty: a parameter of the agent sleep, never awaited
/** P01. Sequence: one task after another. */
export const sequence = defineWorkflow({
  name: 'sequence',
  tasks: [
    { id: 'receive', agent: 'echo', parameters: { order: 17 } },
    {
      id: 'check',
      agent: 'echo',
      dependencies: ['receive'],
      parameters: { order: '${receive.output.order}' },
    },
    {
      id: 'ship',
      agent: 'echo',
      dependencies: ['check'],
      parameters: { shipped: '${check.output.order}' },
    },
  ],
  outputs: { shipped: '${ship.output.shipped}' },
});

/** P02. Parallel split: one thread becomes several. */
export const parallelSplit = defineWorkflow({
  name: 'parallel-split',
  tasks: [
    { id: 'order', agent: 'echo', parameters: { number: 17 } },
    { id: 'pack', agent: 'sleep', dependencies: ['order'], parameters: { ms: 10 } },
    { id: 'invoice', agent: 'sleep', dependencies: ['order'], parameters: { ms: 10 } },
  ],
});

/** P03. Synchronization: wait for all branches. */
export const synchronization = defineWorkflow({
  name: 'synchronization',
  tasks: [
    { id: 'pack', agent: 'sleep', parameters: { ms: 20, then: 'box 4' } },
    { id: 'invoice', agent: 'sleep', parameters: { ms: 10, then: 'invoice 17' } },
    {
      id: 'ship',
      agent: 'echo',
      dependencies: ['pack', 'invoice'],
      parameters: { content: ['${pack.output}', '${invoice.output}'] },
    },
  ],
  outputs: { shipped: '${ship.output.content}' },
});

/** P04. Exclusive choice: exactly one of several branches, by a condition. */
export const exclusiveChoice = defineWorkflow({
  name: 'exclusive-choice',
  inputs: { amount: { type: 'number', default: 50 } },
  tasks: [
    { id: 'assess', agent: 'echo', parameters: { amount: '${inputs.amount}' } },
    { id: 'approve', agent: 'echo' },
    { id: 'review', agent: 'echo' },
  ],
  edges: [
    { from: 'assess', to: 'approve', condition: 'assess.output.amount < 100' },
    { from: 'assess', to: 'review', condition: 'assess.output.amount >= 100' },
  ],
});

/** P05. Simple merge: go on when one of several alternative branches arrives. */
export const simpleMerge = defineWorkflow({
  name: 'simple-merge',
  inputs: { weight: { type: 'number', default: 2 } },
  tasks: [
    { id: 'weigh', agent: 'echo', parameters: { weight: '${inputs.weight}' } },
    { id: 'parcel', agent: 'echo' },
    { id: 'freight', agent: 'echo' },
    { id: 'notify', agent: 'echo', dependencies: ['parcel', 'freight'], trigger: 'one_success' },
  ],
  edges: [
    { from: 'weigh', to: 'parcel', condition: 'weigh.output.weight <= 30' },
    { from: 'weigh', to: 'freight', condition: 'weigh.output.weight > 30' },
  ],
});

/** P10. Arbitrary cycles: a loop with more than one way in, or out. */
export const arbitraryCycles = defineWorkflow({
  name: 'arbitrary-cycles',
  inputs: {
    kind: { type: 'string', enum: ['idea', 'text'], default: 'idea' },
    patience: { type: 'integer', default: 9 },
  },
  tasks: [
    { id: 'receive', agent: 'echo', parameters: { kind: '${inputs.kind}' } },
    {
      id: 'write',
      agent: 'echo',
      trigger: 'each',
      parameters: { version: '${default(review.output.version, 0) + 1}' },
    },
    {
      id: 'review',
      agent: 'echo',
      trigger: 'each',
      parameters: { version: '${default(write.output.version, 1)}' },
    },
    { id: 'publish', agent: 'echo' },
    { id: 'withdraw', agent: 'echo' },
  ],
  edges: [
    { from: 'receive', to: 'write', condition: 'receive.output.kind == "idea"' },
    { from: 'receive', to: 'review', condition: 'receive.output.kind == "text"' },
    { from: 'write', to: 'review', condition: 'write.output.version <= inputs.patience' },
    { from: 'write', to: 'withdraw', condition: 'write.output.version > inputs.patience' },
    { from: 'review', to: 'write', condition: 'review.output.version < 2', loop: { max: 3 } },
    { from: 'review', to: 'publish', condition: 'review.output.version >= 2' },
  ],
});

/** P11. Implicit termination: the run ends when nothing is left to do. */
export const implicitTermination = defineWorkflow({
  name: 'implicit-termination',
  tasks: [
    { id: 'order', agent: 'echo' },
    { id: 'ship', agent: 'sleep', dependencies: ['order'], parameters: { ms: 20 } },
    { id: 'thank', agent: 'echo', dependencies: ['order'] },
    { id: 'survey', agent: 'sleep', dependencies: ['thank'], parameters: { ms: 10 } },
  ],
});

/** P21. Structured loop: again while a condition holds, or until one does. */
export const structuredLoop = defineWorkflow({
  name: 'structured-loop',
  inputs: { pages: { type: 'integer', default: 2 } },
  tasks: [
    {
      id: 'fetch',
      agent: 'echo',
      repeat: { while: 'default(fetch.output.page, 0) < inputs.pages', max: 9 },
      parameters: { page: '${default(fetch.output.page, 0) + 1}' },
    },
    {
      id: 'refine',
      agent: 'echo',
      dependencies: ['fetch'],
      trigger: 'none_failed',
      repeat: { until: 'refine.output.errors == 0', max: 9 },
      parameters: { errors: '${default(refine.output.errors, 3) - 1}' },
    },
    { id: 'publish', agent: 'echo', dependencies: ['refine'] },
  ],
});

/** P22. Recursion: a workflow that runs itself. */
export const recursion = defineWorkflow({
  name: 'recursion',
  inputs: {
    part: {
      type: 'object',
      default: {
        name: 'bike',
        parts: [
          { name: 'wheel', parts: [{ name: 'tyre', parts: [] }] },
          { name: 'frame', parts: [] },
        ],
      },
    },
  },
  tasks: [
    {
      id: 'below',
      workflow: { name: 'recursion', max_depth: 5 },
      foreach: '${inputs.part.parts}',
      parameters: { part: '${item}' },
    },
    {
      id: 'list',
      agent: 'echo',
      dependencies: ['below'],
      parameters: { names: '${[inputs.part.name] + flatten(below.output.map(one, one.names))}' },
    },
  ],
  outputs: { names: '${list.output.names}' },
});

/** P43. Explicit termination: a named end ends the run with success, whatever is still under way. */
export const explicitTermination = defineWorkflow({
  name: 'explicit-termination',
  tasks: [
    { id: 'guess', agent: 'sleep', parameters: { ms: 10, then: 42 } },
    { id: 'found', pass: true, dependencies: ['guess'], end: 'terminate' },
    { id: 'search', agent: 'sleep', parameters: { ms: 400 } },
    { id: 'sift', agent: 'echo', dependencies: ['search'] },
  ],
  outputs: { answer: '${guess.output}' },
});

// biome-ignore-end lint/suspicious/noThenProperty: see above
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
