/** What a picture tells apart, and which tasks are in it. */
import { describe, expect, it } from 'vitest';
import { graphMermaid } from '../../../src/cli/render/graph-mermaid.ts';
import { graphSvg } from '../../../src/cli/render/graph-svg.ts';
import { graphView } from '../../../src/cli/render/graph-view.ts';
import type { RunReport } from '../../../src/messages/report.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import { wellFormed } from './xml.ts';

function definitionOf(source: JsonObject) {
  const { definition, problems } = compileWorkflow(source);
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return definition;
}

function reportOf(tasks: RunReport['tasks']): RunReport {
  return { runId: 'run_1', name: 'w', status: 'running', output: null, durationMs: 9, tasks };
}

describe('graphView', () => {
  it('tells a task that does nothing from one with an agent', () => {
    const tasks = [
      { id: 'a', agent: 'echo' },
      { id: 'b', pass: true, dependencies: ['a'] },
    ];
    const { nodes } = graphView(definitionOf({ name: 'w', tasks }));
    expect(nodes.map(({ kind, who }) => [kind, who])).toEqual([
      ['agent', 'echo'],
      ['pass', 'pass'],
    ]);
  });

  it('names a trigger as problems do', () => {
    const tasks = [
      { id: 'a', agent: 'echo' },
      { id: 'b', agent: 'echo', dependencies: ['a'], trigger: { count: 3 } },
    ];
    const { problems } = compileWorkflow({ name: 'w', tasks });
    expect(problems[0]?.message).toContain('its trigger `count: 3` cannot hold');
    const counted = { ...tasks[1], trigger: { count: 1 } };
    const { nodes } = graphView(definitionOf({ name: 'w', tasks: [tasks[0] ?? {}, counted] }));
    expect(nodes[1]?.notes).toContain('trigger count: 1');
  });
});

describe('hooks', () => {
  const definition = definitionOf({
    name: 'hooked',
    tasks: [{ id: 'work', agent: 'echo' }],
    hooks: {
      on_start: [{ id: 'open', agent: 'echo' }],
      on_failure: [{ id: 'alarm', agent: 'echo' }],
      on_complete: [
        { id: 'clean', agent: 'echo' },
        { id: 'tell', agent: 'echo', dependencies: ['clean'] },
      ],
    },
  });
  const ended = { status: 'success', attempts: 1, startedAt: 1_000, endedAt: 2_000 } as const;

  it('are all drawn before a run, with their name', () => {
    const view = graphView(definition);
    expect(view.nodes.map(({ id, hook, notes }) => [id, hook, notes[0]])).toEqual([
      ['work', undefined, undefined],
      ['open', 'on_start', 'hook on_start'],
      ['alarm', 'on_failure', 'hook on_failure'],
      ['clean', 'on_complete', 'hook on_complete'],
      ['tell', 'on_complete', 'hook on_complete'],
    ]);
    expect(view.edges).toEqual([{ from: 'clean', to: 'tell', kind: 'needs' }]);
  });

  it('are drawn of a run as they are counted: those that have begun', () => {
    const tasks = {
      work: ended,
      open: { ...ended, hook: 'on_start' },
      clean: { ...ended, hook: 'on_complete' },
    };
    const view = graphView(definition, { report: reportOf(tasks), now: 3_000 });
    expect(view.nodes.map(({ id, status }) => [id, status])).toEqual([
      ['work', 'success'],
      ['open', 'success'],
      ['clean', 'success'],
    ]);
    expect(graphMermaid(view)).toContain('hook on_complete<br/>succeeded, 1.0 s');
    wellFormed(graphSvg(view));
  });
});
