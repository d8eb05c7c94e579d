/** Choices of several branches, and the merges behind them. The same workflows as the files beside this one, checked by the compiler. */
import { defineWorkflow } from '../../src/index.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are expressions of the workflow
// biome-ignore-start lint/suspicious/noThenProperty: a parameter of the agent sleep, never awaited
/** P06. Multi-choice: one or more branches, each by a condition of its own. */
export const multiChoice = defineWorkflow({
  name: 'multi-choice',
  inputs: { fire: { type: 'boolean', default: true }, injured: { type: 'boolean', default: true } },
  tasks: [
    {
      id: 'call',
      agent: 'echo',
      parameters: { fire: '${inputs.fire}', injured: '${inputs.injured}' },
    },
    { id: 'police', agent: 'echo', dependencies: ['call'] },
    { id: 'fire-brigade', agent: 'echo' },
    { id: 'ambulance', agent: 'echo' },
  ],
  edges: [
    { from: 'call', to: 'fire-brigade', condition: 'call.output.fire' },
    { from: 'call', to: 'ambulance', condition: 'call.output.injured' },
  ],
});

/** P07. Structured synchronizing merge: wait for exactly the branches that a multi-choice chose. */
export const structuredSynchronizingMerge = defineWorkflow({
  name: 'structured-synchronizing-merge',
  inputs: { fire: { type: 'boolean', default: true }, injured: { type: 'boolean', default: true } },
  tasks: [
    {
      id: 'call',
      agent: 'echo',
      parameters: { fire: '${inputs.fire}', injured: '${inputs.injured}' },
    },
    { id: 'fire-brigade', agent: 'sleep', parameters: { ms: 20 } },
    { id: 'ambulance', agent: 'sleep', parameters: { ms: 10 } },
    {
      id: 'report',
      agent: 'echo',
      dependencies: ['fire-brigade', 'ambulance'],
      trigger: 'activated',
    },
  ],
  edges: [
    { from: 'call', to: 'fire-brigade', condition: 'call.output.fire' },
    { from: 'call', to: 'ambulance', condition: 'call.output.injured' },
  ],
});

/** P08. Multi-merge: each branch that arrives runs the rest again. */
export const multiMerge = defineWorkflow({
  name: 'multi-merge',
  tasks: [
    { id: 'lint', agent: 'sleep', parameters: { ms: 10 } },
    { id: 'test', agent: 'sleep', parameters: { ms: 20 } },
    { id: 'comment', agent: 'echo', dependencies: ['lint', 'test'], trigger: 'each' },
    { id: 'notify', agent: 'echo', dependencies: ['comment'] },
  ],
});

/** P37. Local synchronizing merge: wait for the branches that were chosen, also where choices follow on choices. */
export const localSynchronizingMerge = defineWorkflow({
  name: 'local-synchronizing-merge',
  inputs: {
    photos: { type: 'boolean', default: true },
    damage: { type: 'boolean', default: true },
  },
  tasks: [
    {
      id: 'claim',
      agent: 'echo',
      parameters: { photos: '${inputs.photos}', damage: '${inputs.damage}' },
    },
    { id: 'view-photos', agent: 'sleep', parameters: { ms: 10 } },
    {
      id: 'inspect',
      agent: 'sleep',
      dependencies: ['claim'],
      parameters: { ms: 10, then: '${inputs.damage}' },
    },
    { id: 'estimate', agent: 'sleep', parameters: { ms: 20 } },
    {
      id: 'decide',
      agent: 'echo',
      dependencies: ['claim', 'view-photos', 'estimate'],
      trigger: 'activated',
    },
  ],
  edges: [
    { from: 'claim', to: 'view-photos', condition: 'claim.output.photos' },
    { from: 'inspect', to: 'estimate', condition: 'inspect.output' },
  ],
});

/** P38. General synchronizing merge: wait for everything that can still arrive, whichever way it takes. */
export const generalSynchronizingMerge = defineWorkflow({
  name: 'general-synchronizing-merge',
  inputs: { rounds: { type: 'integer', default: 2 } },
  tasks: [
    { id: 'arrive', agent: 'echo' },
    { id: 'wash', agent: 'echo', dependencies: ['arrive'] },
    {
      id: 'diagnose',
      agent: 'echo',
      dependencies: ['arrive'],
      parameters: { round: '${default(diagnose.output.round, 0) + 1}' },
    },
    { id: 'order-part', agent: 'sleep', parameters: { ms: 10 } },
    { id: 'hand-over', agent: 'echo', dependencies: ['wash', 'order-part'], trigger: 'reachable' },
  ],
  edges: [
    {
      from: 'diagnose',
      to: 'diagnose',
      condition: 'diagnose.output.round < inputs.rounds',
      loop: { max: 5 },
    },
    { from: 'diagnose', to: 'order-part', condition: 'diagnose.output.round > 1' },
  ],
});

// biome-ignore-end lint/suspicious/noThenProperty: see above
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
