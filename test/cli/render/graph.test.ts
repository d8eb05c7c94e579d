/** A picture of a workflow says what the definition says, one of a run how it went, whatever the texts are made of. */

import { describe, expect, it } from 'vitest';
import { graphMermaid, mermaidLimit } from '../../../src/cli/render/graph-mermaid.ts';
import { graphSvg } from '../../../src/cli/render/graph-svg.ts';
import { type GraphView, graphView } from '../../../src/cli/render/graph-view.ts';
import type { RunReport } from '../../../src/messages/report.ts';
import { compileWorkflow } from '../../../src/workflow/parse.ts';
import type { JsonObject } from '../../../src/workflow/value.ts';
import fc from '../../support/property.ts';
import { textOf, wellFormed } from './xml.ts';

const workflow: JsonObject = {
  name: 'release "1" <now> & then',
  tasks: [
    { id: 'find', agent: 'locator' },
    {
      id: 'each',
      agent: 'echo',
      dependencies: ['find'],
      foreach: '${find.output.files}',
      as: 'file',
      retry: { max_attempts: 3 },
    },
    { id: 'nap', wait: { timer: 30 }, dependencies: ['each'] },
    { id: 'ship', capability: 'ship', dependencies: ['nap'], condition: 'each.output.size() > 0' },
    {
      id: 'undo',
      agent: 'echo',
      dependencies: ['ship'],
      trigger: 'one_failed',
      on_failure: 'skip',
    },
    { id: 'tidy', agent: 'echo', dependencies: ['ship', 'undo'], trigger: 'all_done' },
    { id: 'off', agent: 'echo', dependencies: ['find'], condition: 'false' },
  ],
};

function definitionOf(source: JsonObject) {
  const { definition, problems } = compileWorkflow(source);
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  return definition;
}

const failure = { code: 'ship.sunk', message: 'it sank', retryable: false };
const report: RunReport = {
  runId: 'run_1',
  name: 'release',
  status: 'running',
  output: null,
  durationMs: 9_000,
  tasks: {
    find: { status: 'success', attempts: 1, startedAt: 1_000, endedAt: 2_000 },
    each: {
      status: 'success',
      attempts: 0,
      startedAt: 2_000,
      endedAt: 4_000,
      instances: [
        { status: 'success', attempts: 2 },
        { status: 'failed', attempts: 3, error: failure },
      ],
    },
    nap: { status: 'waiting', attempts: 1, startedAt: 4_000 },
    ship: { status: 'failed', attempts: 2, startedAt: 5_000, endedAt: 6_500, error: failure },
    undo: { status: 'pending', attempts: 1, startedAt: 6_500 },
    tidy: { status: 'pending', attempts: 0 },
    off: { status: 'skipped', attempts: 0, reason: 'condition', endedAt: 2_000 },
  },
};

const nodeOf = (view: GraphView, id: string) => view.nodes.find((node) => node.id === id);

describe('graphView', () => {
  it('shows conditions, loops, triggers, waits and policies before a run', () => {
    const view = graphView(definitionOf(workflow));
    expect(nodeOf(view, 'each')).toMatchObject({
      kind: 'foreach',
      who: 'echo',
      status: 'planned',
      notes: ['for each file in ${find.output.files}', 'up to 3 attempts'],
      progress: [],
    });
    expect(nodeOf(view, 'nap')).toMatchObject({ kind: 'wait', who: 'waits 30.0 s' });
    expect(nodeOf(view, 'ship')).toMatchObject({
      who: 'capability ship',
      notes: ['if each.output.size() > 0'],
    });
    expect(nodeOf(view, 'undo')?.notes).toEqual(['when one_failed', 'on failure: skip']);
    expect(nodeOf(view, 'off')).toMatchObject({ status: 'never' });
    expect(view.edges).toContainEqual({ from: 'ship', to: 'undo', kind: 'on_failure' });
    expect(view.edges).toContainEqual({ from: 'ship', to: 'tidy', kind: 'after' });
    expect(view.edges).toContainEqual({ from: 'find', to: 'each', kind: 'needs' });
  });

  it('shows states, times, attempts and failures of a run', () => {
    const view = graphView(definitionOf(workflow), { report, now: 10_000 });
    const progress = Object.fromEntries(view.nodes.map((node) => [node.id, node.progress]));
    expect(progress).toEqual({
      find: ['success, 1.0 s'],
      each: ['success, 2.0 s', 'instances: 1 success, 1 failed'],
      nap: ['waiting, 6.0 s'],
      ship: ['failed, 1.5 s, 2 attempts', 'ship.sunk'],
      undo: ['retrying'],
      tidy: ['pending'],
      off: ['skipped: condition'],
    });
    expect(nodeOf(view, 'ship')).toMatchObject({ status: 'failed', errorCode: 'ship.sunk' });
    expect(nodeOf(view, 'off')?.status).toBe('skipped');
  });
});

describe('what steers the flow', () => {
  const drawn = graphView(
    definitionOf({
      name: 'steered',
      tasks: [
        { id: 'a', agent: 'echo', emit: 2, region: 'search', mutex: 'disk' },
        { id: 'b', agent: 'echo', dependencies: ['a'], repeat: { until: 'b.output.ok', max: 3 } },
        {
          id: 'c',
          agent: 'echo',
          foreach: { feed: 'more' },
          as: 'x',
          join: { until: 'c.output.size() > 1' },
        },
        { id: 'd', agent: 'echo', dependencies: ['c'], cancel: ['search'], complete: ['c'] },
        {
          id: 'e',
          pass: true,
          dependencies: ['a', 'd'],
          trigger: { count: 1, rest: 'cancel' },
          end: 'terminate',
        },
        { id: 'f', pass: true, milestone: { after: 'd', until: 'e' } },
      ],
      edges: [{ from: 'b', to: 'a', condition: 'b.output.more', loop: { max: 4 } }],
    }),
  );

  it('is said in notes', () => {
    const notes = Object.fromEntries(drawn.nodes.map(({ id, notes: lines }) => [id, lines]));
    expect(notes).toEqual({
      a: ['goes on as 2 threads', 'in region search', 'one at a time: disk'],
      b: ['up to 3 rounds', 'until b.output.ok', 'back to a up to 4 times if b.output.more'],
      c: ['for each x by signal more', 'enough: c.output.size() > 1'],
      d: ['cancels search', 'completes c'],
      e: ['when 1 succeeded, the rest is canceled', 'ends the run'],
      f: ['until e starts'],
    });
  });

  it('says of instances that are left whether they go on', () => {
    const of = (rest: string): string[] => {
      const join = { count: 1, rest };
      const tasks = [{ id: 'a', agent: 'echo', foreach: [1, 2], join }];
      return graphView(definitionOf({ name: 'w', tasks })).nodes[0]?.notes ?? [];
    };
    expect(of('wait')).toContain('enough: 1 succeeded');
    expect(of('cancel')).toContain('enough: 1 succeeded, the rest is canceled');
    expect(of('detach')).toContain('enough: 1 succeeded, the rest goes on');
  });

  it('has arrows that lead back', () => {
    expect(drawn.loops).toEqual([{ from: 'b', to: 'a' }]);
    expect(graphMermaid(drawn)).toContain('t1 -. again .-> t0');
  });
});

/** Texts with what SVG, Mermaid and Markdown read as markup. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'<>&"\'`#;|[](){}%\\\n -_*日𝒳'), maxLength: 30 }),
  fc.constantFrom('end', '%%{init: {}}%%', ']]>', '</title>', '"]', '`x`', '#35;', '\u0000\ud800'),
);

function viewOf(texts: { name: string; who: string; note: string }): GraphView {
  return {
    name: texts.name,
    description: texts.note,
    nodes: [
      {
        id: 'end',
        kind: 'agent',
        who: texts.who,
        status: 'planned',
        notes: [texts.note],
        progress: [],
      },
      { id: 'b', kind: 'foreach', who: 'x', status: 'failed', notes: [], progress: [texts.note] },
    ],
    edges: [{ from: 'end', to: 'b', kind: 'on_failure' }],
    loops: [],
    groups: [],
  };
}

describe('graphSvg', () => {
  it('is well-formed and says each text, whatever is in it', () => {
    fc.assert(
      fc.property(fc.record({ name: nasty, who: nasty, note: nasty }), (texts) => {
        const elements = wellFormed(graphSvg(viewOf(texts)));
        expect(elements.map(({ name }) => name)).toEqual(
          expect.arrayContaining(['svg', 'title', 'desc', 'style', 'rect', 'path', 'text']),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('shows the symbol and the word of each state beside its colour', () => {
    const svg = graphSvg(graphView(definitionOf(workflow), { report, now: 10_000 }));
    const lines = textOf(svg);
    expect(lines).toEqual(
      expect.arrayContaining(['✓ find', '✗ ship', 'failed, 1.5 s, 2 attempts', '◇ nap', '↷ off']),
    );
    expect(svg).toContain('<g class="task failed" id="task-ship">');
    expect(lines).toContain(
      '7 tasks: 2 success, 1 waiting, 1 failed, 1 retrying, 1 pending, 1 skipped. ship failed (ship.sunk)',
    );
  });

  it('takes nothing from elsewhere and runs nothing', () => {
    const svg = graphSvg(graphView(definitionOf(workflow)));
    expect(svg).not.toMatch(/href|<script|<image|@import|https?:(?!\/\/www\.w3\.org\/2000\/svg")/);
    expect(svg.match(/url\(([^)]*)\)/g)?.every((link) => link.startsWith('url(#'))).toBe(true);
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  it('draws many tasks in one place as one group with one line to it', () => {
    const middle = Array.from({ length: 50 }, (_, index) => `t${index}`);
    const wide = definitionOf({
      name: 'wide',
      tasks: [
        { id: 'a', agent: 'echo' },
        ...middle.map((id) => ({ id, agent: 'echo', dependencies: ['a'] })),
        { id: 'z', agent: 'echo', dependencies: middle },
      ],
    });
    const svg = graphSvg(graphView(wide));
    expect(svg.match(/class="edge /g)).toHaveLength(2);
    expect(svg.match(/class="task /g)).toHaveLength(52);
    expect(textOf(svg)).toContain('50 tasks: 50 planned');
    const mermaid = graphMermaid(graphView(wide));
    expect(mermaid.match(/-->/g)).toHaveLength(2);
    expect(mermaid).toContain('subgraph g0["50 tasks"]');
  });
});

describe('graphMermaid', () => {
  it('has nothing in a label that Mermaid would read as syntax', () => {
    fc.assert(
      fc.property(fc.record({ name: nasty, who: nasty, note: nasty }), (texts) => {
        const [open, title, close, flow, ...rest] = graphMermaid(viewOf(texts)).split('\n');
        expect([open, close, flow]).toEqual(['---', '---', 'flowchart TD']);
        expect(() => JSON.parse((title ?? '').slice('title: '.length))).not.toThrow();
        expect(rest).toHaveLength(7);
        for (const line of rest.slice(0, 2)) {
          const label = /^ {2}t\d\[{1,2}"(.*)"\]{1,2}$/.exec(line)?.[1];
          expect(label).toBeDefined();
          const bare = (label ?? '').replace(/<b>|<\/b>|<br\/>/g, '').replace(/#\d+;/g, '');
          expect(bare).not.toMatch(/["<>`#;[\]{}%\\\n|&]/);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('writes the graph of the definition', () => {
    const text = graphMermaid(graphView(definitionOf(workflow)));
    expect(text).toContain('t3 -. on failure .-> t4');
    expect(text).toContain('t2(["<b>nap</b><br/>waits 30.0 s"])');
    expect(text).toContain('t6["<b>∅ off</b><br/>locator'.replace('locator', 'echo'));
  });

  it('tells when a picture is more than Mermaid draws by default', () => {
    const chain = Array.from({ length: 502 }, (_, index) => ({
      id: `t${index}`,
      agent: 'echo',
      dependencies: index === 0 ? [] : [`t${index - 1}`],
    }));
    const large = graphMermaid(graphView(definitionOf({ name: 'chain', tasks: chain })));
    expect(mermaidLimit(large)).toBe('501 edges are more than the 500 of Mermaid');
    expect(mermaidLimit(graphMermaid(graphView(definitionOf(workflow))))).toBeUndefined();
  });
});
