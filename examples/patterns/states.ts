/** Waits for events, exclusion, cancelation. The same workflows as the files beside this one, checked by the compiler. */
import { defineWorkflow } from '../../src/index.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are expressions of the workflow
// biome-ignore-start lint/suspicious/noThenProperty: a parameter of the agent sleep, never awaited
/** P16. Deferred choice: what happens outside decides; the first event is taken. */
export const deferredChoice = defineWorkflow({
  name: 'deferred-choice',
  inputs: { patience: { type: 'number', default: 60 } },
  tasks: [
    { id: 'invoice', agent: 'echo' },
    {
      id: 'decide',
      dependencies: ['invoice'],
      wait: { first: { paid: { signal: 'payment' }, late: { timer: '${inputs.patience}' } } },
    },
    { id: 'ship', agent: 'echo' },
    { id: 'remind', agent: 'echo' },
  ],
  edges: [
    { from: 'decide', to: 'ship', condition: 'decide.output.event == "paid"' },
    { from: 'decide', to: 'remind', condition: 'decide.output.event == "late"' },
  ],
});

/** P17. Interleaved parallel routing: some order is given, and never two at once. */
export const interleavedParallelRouting = defineWorkflow({
  name: 'interleaved-parallel-routing',
  settings: { max_parallel: 5 },
  tasks: [
    { id: 'register', agent: 'sleep', parameters: { ms: 10 } },
    {
      id: 'blood-test',
      agent: 'sleep',
      dependencies: ['register'],
      mutex: 'patient',
      parameters: { ms: 10 },
    },
    {
      id: 'diagnosis',
      agent: 'sleep',
      dependencies: ['blood-test'],
      mutex: 'patient',
      parameters: { ms: 10 },
    },
    { id: 'free-room', agent: 'sleep', parameters: { ms: 15 } },
    {
      id: 'x-ray',
      agent: 'sleep',
      dependencies: ['free-room'],
      mutex: 'patient',
      parameters: { ms: 10 },
    },
  ],
});

/** P18. Milestone: a task may start only while a state of the run holds. */
export const milestone = defineWorkflow({
  name: 'milestone',
  inputs: { asks_after_ms: { type: 'number', default: 10 } },
  tasks: [
    { id: 'accept', agent: 'echo' },
    { id: 'pick', agent: 'sleep', dependencies: ['accept'], parameters: { ms: 100 } },
    { id: 'ship', agent: 'echo', dependencies: ['pick'] },
    { id: 'customer-asks', agent: 'sleep', parameters: { ms: '${inputs.asks_after_ms}' } },
    {
      id: 'change-address',
      agent: 'echo',
      dependencies: ['customer-asks'],
      milestone: { after: 'accept', until: 'ship' },
    },
  ],
});

/** P19. Cancel task: a success withdraws another task. */
export const cancelTask = defineWorkflow({
  name: 'cancel-task',
  tasks: [
    { id: 'reminder', agent: 'sleep', parameters: { ms: 400 } },
    { id: 'answer', agent: 'sleep', cancel: ['reminder'], parameters: { ms: 10 } },
    { id: 'close', agent: 'echo', dependencies: ['answer'] },
  ],
});

/** P20. Cancel case: a success withdraws the whole run. */
export const cancelCase = defineWorkflow({
  name: 'cancel-case',
  inputs: { withdrawn: { type: 'boolean', default: true } },
  tasks: [
    { id: 'check', agent: 'sleep', parameters: { ms: 10 } },
    {
      id: 'withdraw',
      agent: 'echo',
      dependencies: ['check'],
      condition: 'inputs.withdrawn',
      cancel: 'run',
    },
    { id: 'interview', agent: 'sleep', parameters: { ms: 400 } },
    { id: 'decide', agent: 'echo', dependencies: ['interview'] },
  ],
});

/** P23. Transient trigger: a signal counts only for a task that waits at that moment. */
export const transientTrigger = defineWorkflow({
  name: 'transient-trigger',
  tasks: [
    { id: 'open-market', agent: 'sleep', parameters: { ms: 100 } },
    {
      id: 'watch',
      dependencies: ['open-market'],
      wait: { signal: { name: 'price', transient: true } },
    },
    {
      id: 'trade',
      agent: 'echo',
      dependencies: ['watch'],
      parameters: { price: '${watch.output.payload}' },
    },
  ],
  outputs: { price: '${trade.output.price}' },
});

/** P24. Persistent trigger: a signal is kept until a task takes it. */
export const persistentTrigger = defineWorkflow({
  name: 'persistent-trigger',
  tasks: [
    { id: 'prepare', agent: 'sleep', parameters: { ms: 10 } },
    { id: 'contract', dependencies: ['prepare'], wait: { signal: 'signed' } },
    {
      id: 'file',
      agent: 'echo',
      dependencies: ['contract'],
      parameters: { by: '${contract.output.payload}' },
    },
  ],
  outputs: { by: '${file.output.by}' },
});

/** P25. Cancel region: a success withdraws a set of tasks. */
export const cancelRegion = defineWorkflow({
  name: 'cancel-region',
  tasks: [
    { id: 'archive', agent: 'sleep', region: 'search', parameters: { ms: 400 } },
    { id: 'unpack', agent: 'echo', region: 'search', dependencies: ['archive'] },
    { id: 'ask-colleague', agent: 'sleep', region: 'search', parameters: { ms: 400 } },
    { id: 'index', agent: 'sleep', cancel: ['search'], parameters: { ms: 10, then: 'page 7' } },
    { id: 'read', agent: 'echo', dependencies: ['index'] },
  ],
  outputs: { found: '${index.output}' },
});

/** P39. Critical section: two parts of a workflow are never active together. */
export const criticalSection = defineWorkflow({
  name: 'critical-section',
  settings: { max_parallel: 4 },
  regions: { debit: { mutex: 'account' }, credit: { mutex: 'account' } },
  tasks: [
    { id: 'order-comes', agent: 'sleep', parameters: { ms: 10 } },
    {
      id: 'read-debit',
      agent: 'sleep',
      region: 'debit',
      dependencies: ['order-comes'],
      parameters: { ms: 10 },
    },
    {
      id: 'write-debit',
      agent: 'sleep',
      region: 'debit',
      dependencies: ['read-debit'],
      parameters: { ms: 10 },
    },
    { id: 'money-comes', agent: 'sleep', parameters: { ms: 15 } },
    {
      id: 'read-credit',
      agent: 'sleep',
      region: 'credit',
      dependencies: ['money-comes'],
      parameters: { ms: 10 },
    },
    {
      id: 'write-credit',
      agent: 'sleep',
      region: 'credit',
      dependencies: ['read-credit'],
      parameters: { ms: 10 },
    },
    { id: 'thank', agent: 'echo', dependencies: ['money-comes'] },
  ],
});

/** P40. Interleaved routing: in any order, one at a time. */
export const interleavedRouting = defineWorkflow({
  name: 'interleaved-routing',
  settings: { max_parallel: 6 },
  tasks: [
    { id: 'fetch-brush', agent: 'sleep', parameters: { ms: 20 } },
    { id: 'fetch-drill', agent: 'sleep', parameters: { ms: 10 } },
    { id: 'fetch-broom', agent: 'sleep', parameters: { ms: 15 } },
    {
      id: 'paint',
      agent: 'sleep',
      dependencies: ['fetch-brush'],
      mutex: 'room',
      parameters: { ms: 10 },
    },
    {
      id: 'hang-shelf',
      agent: 'sleep',
      dependencies: ['fetch-drill'],
      mutex: 'room',
      parameters: { ms: 10 },
    },
    {
      id: 'sweep',
      agent: 'sleep',
      dependencies: ['fetch-broom'],
      mutex: 'room',
      parameters: { ms: 10 },
    },
  ],
});

// biome-ignore-end lint/suspicious/noThenProperty: see above
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
