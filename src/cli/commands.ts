/** Every command of `troupe`, loaded when it is called. Importing this file loads none of them. */
import type { CommandEntry } from './command.ts';

export const commands: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'Run a workflow and print its result',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  up: {
    summary: 'Start orchestrator, broker and worker and serve until interrupted',
    load: async () => (await import('./commands/up.ts')).upCommand,
  },
  worker: {
    summary: 'Start one more worker for a running orchestrator',
    load: async () => (await import('./commands/worker.ts')).workerCommand,
  },
  runs: {
    summary: 'List, show, watch and control runs',
    load: async () => (await import('./commands/runs.ts')).runsGroup,
  },
  jobs: {
    summary: 'Give single tasks to agents, without a workflow',
    load: async () => (await import('./commands/jobs.ts')).jobsGroup,
  },
  inbox: {
    summary: 'List what waits for a person or a signal, over all runs',
    load: async () => (await import('./commands/inbox.ts')).inboxCommand,
  },
  schedules: {
    summary: 'Start runs again and again: list, show, add, pause, resume, remove',
    load: async () => (await import('./commands/schedules.ts')).schedulesGroup,
  },
  replay: {
    summary: 'Show what happened in a run, at any point of its past',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  diff: {
    summary: 'Compare two runs: the way they took, outputs, times and what they used',
    load: async () => (await import('./commands/diff.ts')).diffCommand,
  },
  log: {
    summary: 'Follow, verify, export and import the log',
    load: async () => (await import('./commands/log.ts')).logGroup,
  },
  validate: {
    summary: 'Check workflow files and report every problem in them',
    load: async () => (await import('./commands/validate.ts')).validateCommand,
  },
  rehearse: {
    summary: 'Try a new version of a workflow on the runs that are there, without touching them',
    load: async () => (await import('./commands/rehearse.ts')).rehearseCommand,
  },
  graph: {
    summary: 'Draw a workflow, or a run with the state of its tasks',
    load: async () => (await import('./commands/graph.ts')).graphCommand,
  },
  schema: {
    summary: 'Print the JSON Schema of workflow files',
    load: async () => (await import('./commands/schema.ts')).schemaCommand,
  },
  templates: {
    summary: 'List the workflows that can be run by name, or show one',
    load: async () => (await import('./commands/templates.ts')).templatesCommand,
  },
  import: {
    summary: 'Turn workflows of other formats into workflow files',
    load: async () => (await import('./commands/import.ts')).importGroup,
  },
  claude: {
    summary: 'Write or remove the commands of Claude Code that drive Troupe',
    load: async () => (await import('./commands/claude.ts')).claudeGroup,
  },
  agents: {
    summary: 'List the agents that the orchestrator knows',
    load: async () => (await import('./commands/agents.ts')).agentsCommand,
  },
  queue: {
    summary: 'List what waits for an agent, and why',
    load: async () => (await import('./commands/queue.ts')).queueCommand,
  },
  doctor: {
    summary: 'Check runtime, disk, log, NATS, agents and settings; say how to mend what is wrong',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  completion: {
    summary: 'Print a script that completes commands, options and run ids in a shell',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  projections: {
    summary: 'List and rebuild the read models',
    load: async () => (await import('./commands/projections.ts')).projectionsGroup,
  },
};
