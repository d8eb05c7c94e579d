/** Multiple instances of one task. The same workflows as the files beside this one, checked by the compiler. */
import { defineWorkflow } from '../../src/index.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are expressions of the workflow
// biome-ignore-start lint/suspicious/noThenProperty: a parameter of the agent sleep, never awaited
/** P12. Multiple instances without synchronization: start many, wait for none. */
export const instancesWithoutSynchronization = defineWorkflow({
  name: 'instances-without-synchronization',
  settings: { max_parallel: 4 },
  tasks: [
    {
      id: 'notify',
      agent: 'sleep',
      foreach: ['ann', 'bob', 'cleo'],
      as: 'who',
      detach: true,
      parameters: { ms: 30, then: '${who}' },
    },
    { id: 'close-ticket', agent: 'echo', dependencies: ['notify'] },
  ],
});

/** P13. Multiple instances, known at design time: a fixed number, then go on. */
export const instancesKnownAtDesignTime = defineWorkflow({
  name: 'instances-known-at-design-time',
  tasks: [
    {
      id: 'build',
      agent: 'sleep',
      foreach: ['linux', 'macos', 'windows'],
      as: 'platform',
      parameters: { ms: 10, then: 'app-${platform}' },
    },
    {
      id: 'release',
      agent: 'echo',
      dependencies: ['build'],
      parameters: { files: '${build.output}' },
    },
  ],
  outputs: { files: '${release.output.files}' },
});

/** P14. Multiple instances, known at run time: as many as the data says, then go on. */
export const instancesKnownAtRunTime = defineWorkflow({
  name: 'instances-known-at-run-time',
  tasks: [
    { id: 'find', agent: 'echo', parameters: { files: ['a.ts', 'b.ts'] } },
    {
      id: 'analyze',
      agent: 'sleep',
      dependencies: ['find'],
      foreach: '${find.output.files}',
      as: 'file',
      parameters: { ms: 10, then: '${file} is fine' },
    },
    {
      id: 'report',
      agent: 'echo',
      dependencies: ['analyze'],
      parameters: { lines: '${analyze.output}' },
    },
  ],
  outputs: { lines: '${report.output.lines}' },
});

/** P15. Multiple instances, not known beforehand: more may be added while the others run. */
export const instancesNotKnownBeforehand = defineWorkflow({
  name: 'instances-not-known-beforehand',
  tasks: [
    {
      id: 'scan',
      agent: 'sleep',
      foreach: { feed: 'pages', items: [1] },
      as: 'page',
      parameters: { ms: 10, then: 'page ${page}' },
    },
    { id: 'bind', agent: 'echo', dependencies: ['scan'], parameters: { pages: '${scan.output}' } },
  ],
  outputs: { pages: '${bind.output.pages}' },
});

/** P26. Cancel multiple instances: a success withdraws all instances of a task. */
export const cancelInstances = defineWorkflow({
  name: 'cancel-instances',
  settings: { max_parallel: 4 },
  tasks: [
    {
      id: 'invite',
      agent: 'sleep',
      foreach: [
        { who: 'ann', ms: 10 },
        { who: 'bob', ms: 400 },
        { who: 'cleo', ms: 400 },
      ],
      parameters: { ms: '${item.ms}', then: '${item.who}' },
    },
    { id: 'call-off', agent: 'sleep', cancel: ['invite'], parameters: { ms: 100 } },
    { id: 'apologize', agent: 'echo', dependencies: ['call-off'] },
  ],
});

/** P27. Complete multiple instances: a success ends a fan-out with the results that it has. */
export const completeInstances = defineWorkflow({
  name: 'complete-instances',
  settings: { max_parallel: 4 },
  tasks: [
    {
      id: 'offers',
      agent: 'sleep',
      foreach: [
        { who: 'ann', ms: 10 },
        { who: 'bob', ms: 400 },
        { who: 'cleo', ms: 400 },
      ],
      parameters: { ms: '${item.ms}', then: '${item.who}' },
    },
    { id: 'deadline', agent: 'sleep', complete: ['offers'], parameters: { ms: 100 } },
    {
      id: 'choose',
      agent: 'echo',
      dependencies: ['offers'],
      parameters: { from: '${offers.output}' },
    },
  ],
  outputs: { from: '${choose.output.from}' },
});

/** P34. Static partial join for multiple instances: go on after N of M instances; the others are let run and change nothing more. */
export const staticPartialJoinForInstances = defineWorkflow({
  name: 'static-partial-join-for-instances',
  settings: { max_parallel: 4 },
  tasks: [
    {
      id: 'probe',
      agent: 'sleep',
      foreach: [
        { host: 'a', ms: 10 },
        { host: 'b', ms: 10 },
        { host: 'c', ms: 100 },
      ],
      parameters: { ms: '${item.ms}', then: '${item.host}' },
      join: { count: 2, rest: 'detach' },
    },
    { id: 'decide', agent: 'echo', dependencies: ['probe'], parameters: { up: '${probe.output}' } },
  ],
});

/** P35. Cancelling partial join for multiple instances: N of M instances are enough, the others are canceled. */
export const cancellingPartialJoinForInstances = defineWorkflow({
  name: 'cancelling-partial-join-for-instances',
  settings: { max_parallel: 4 },
  tasks: [
    {
      id: 'search',
      agent: 'sleep',
      foreach: [
        { mirror: 'a', ms: 10 },
        { mirror: 'b', ms: 10 },
        { mirror: 'c', ms: 400 },
      ],
      parameters: { ms: '${item.ms}', then: '${item.mirror}' },
      join: { count: 2, rest: 'cancel' },
    },
    {
      id: 'compare',
      agent: 'echo',
      dependencies: ['search'],
      parameters: { found: '${search.output}' },
    },
  ],
  outputs: { found: '${compare.output.found}' },
});

/** P36. Dynamic partial join for multiple instances: a condition says when the results are enough, while instances are still added. */
export const dynamicPartialJoinForInstances = defineWorkflow({
  name: 'dynamic-partial-join-for-instances',
  tasks: [
    {
      id: 'bids',
      agent: 'echo',
      foreach: { feed: 'bid' },
      parameters: { amount: '${item}' },
      join: { until: 'bids.output.exists(bid, bid.amount >= 100)', rest: 'detach' },
    },
    {
      id: 'sell',
      agent: 'echo',
      dependencies: ['bids'],
      parameters: { bids: '${bids.output.map(bid, bid.amount)}' },
    },
  ],
  outputs: { bids: '${sell.output.bids}' },
});

// biome-ignore-end lint/suspicious/noThenProperty: see above
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
