/** Joins that need some of their branches, and threads. The same workflows as the files beside this one, checked by the compiler. */
import { defineWorkflow } from '../../src/index.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are expressions of the workflow
/** P09. Structured discriminator: the first branch that arrives goes on, the others are let run and change nothing more. */
export const structuredDiscriminator = defineWorkflow({
  name: 'structured-discriminator',
  settings: { max_parallel: 6 },
  tasks: [
    { id: 'ask', agent: 'echo', emit: 2 },
    { id: 'near', agent: 'sleep', dependencies: ['ask'], parameters: { ms: 10 } },
    { id: 'far', agent: 'sleep', dependencies: ['ask'], parameters: { ms: 100 } },
    { id: 'answer', agent: 'echo', dependencies: ['near', 'far'], trigger: { count: 1 } },
  ],
});

/** P28. Blocking discriminator: the first branch that arrives goes on; the next round waits until all of this one have ended. */
export const blockingDiscriminator = defineWorkflow({
  name: 'blocking-discriminator',
  settings: { max_parallel: 6 },
  tasks: [
    { id: 'ask', agent: 'echo', emit: 2 },
    { id: 'near', agent: 'sleep', dependencies: ['ask'], parameters: { ms: 10 } },
    { id: 'far', agent: 'sleep', dependencies: ['ask'], parameters: { ms: 100 } },
    {
      id: 'answer',
      agent: 'echo',
      dependencies: ['near', 'far'],
      trigger: { count: 1, block: true },
    },
  ],
});

/** P29. Cancelling discriminator: the first branch that arrives goes on, the others are canceled. */
export const cancellingDiscriminator = defineWorkflow({
  name: 'cancelling-discriminator',
  tasks: [
    { id: 'near', agent: 'sleep', parameters: { ms: 10 } },
    { id: 'far', agent: 'sleep', parameters: { ms: 400 } },
    {
      id: 'answer',
      agent: 'echo',
      dependencies: ['near', 'far'],
      trigger: { count: 1, rest: 'cancel' },
    },
  ],
});

/** P30. Structured partial join: go on after N of M branches; the others are let run and change nothing more. */
export const structuredPartialJoin = defineWorkflow({
  name: 'structured-partial-join',
  tasks: [
    { id: 'ann', agent: 'sleep', parameters: { ms: 10 } },
    { id: 'bob', agent: 'sleep', parameters: { ms: 20 } },
    { id: 'cleo', agent: 'sleep', parameters: { ms: 100 } },
    { id: 'merge', agent: 'echo', dependencies: ['ann', 'bob', 'cleo'], trigger: { count: 2 } },
  ],
});

/** P31. Blocking partial join: go on after N of M branches; the next round waits until all M of this one have ended. */
export const blockingPartialJoin = defineWorkflow({
  name: 'blocking-partial-join',
  settings: { max_parallel: 7 },
  tasks: [
    { id: 'change', agent: 'echo', emit: 2 },
    { id: 'ann', agent: 'sleep', dependencies: ['change'], parameters: { ms: 10 } },
    { id: 'bob', agent: 'sleep', dependencies: ['change'], parameters: { ms: 20 } },
    { id: 'cleo', agent: 'sleep', dependencies: ['change'], parameters: { ms: 100 } },
    {
      id: 'merge',
      agent: 'echo',
      dependencies: ['ann', 'bob', 'cleo'],
      trigger: { count: 2, block: true },
    },
  ],
});

/** P32. Cancelling partial join: go on after N of M branches and cancel the others. */
export const cancellingPartialJoin = defineWorkflow({
  name: 'cancelling-partial-join',
  tasks: [
    { id: 'ann', agent: 'sleep', parameters: { ms: 10 } },
    { id: 'bob', agent: 'sleep', parameters: { ms: 20 } },
    { id: 'cleo', agent: 'sleep', parameters: { ms: 400 } },
    {
      id: 'merge',
      agent: 'echo',
      dependencies: ['ann', 'bob', 'cleo'],
      trigger: { count: 2, rest: 'cancel' },
    },
  ],
});

/** P33. Generalized AND-join: every branch gives one thread for each round; what arrives early is kept for a later one. */
export const generalizedAndJoin = defineWorkflow({
  name: 'generalized-and-join',
  settings: { max_parallel: 6 },
  tasks: [
    { id: 'order', agent: 'echo', emit: 2 },
    { id: 'frame', agent: 'sleep', dependencies: ['order'], parameters: { ms: 10 } },
    { id: 'wheels', agent: 'sleep', dependencies: ['order'], parameters: { ms: 30 } },
    { id: 'assemble', agent: 'echo', dependencies: ['frame', 'wheels'] },
  ],
});

/** P41. Thread merge: N threads of one branch become one. */
export const threadMerge = defineWorkflow({
  name: 'thread-merge',
  tasks: [
    { id: 'deal', agent: 'echo', emit: 3 },
    { id: 'play', agent: 'sleep', dependencies: ['deal'], parameters: { ms: 10 } },
    { id: 'score', agent: 'echo', dependencies: ['play'], trigger: { merge: 3 } },
  ],
});

/** P42. Thread split: one thread becomes N on the same branch. */
export const threadSplit = defineWorkflow({
  name: 'thread-split',
  tasks: [
    { id: 'brew', agent: 'echo', emit: 3 },
    { id: 'taste', agent: 'sleep', dependencies: ['brew'], parameters: { ms: 10 } },
    { id: 'rate', agent: 'echo', dependencies: ['taste'] },
  ],
});

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
