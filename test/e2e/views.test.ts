/** What a person sees of a workflow and of a run: pictures, a report, a walk; with and without an orchestrator. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wellFormed } from '../cli/render/xml.ts';
import { chain, Folder, failing } from './troupe.ts';

const folder = new Folder();
let runId: string;
let failedId: string;

beforeAll(async () => {
  folder.write('chain.yaml', chain);
  folder.write('failing.yaml', failing);
  mkdirSync(join(folder.path, 'workflows'));
  folder.write('workflows/shipped.yaml', chain);
  runId = (await folder.troupe(['run', 'chain.yaml', '--json'])).json().runId;
  failedId = (await folder.troupe(['run', 'failing.yaml', '--json'])).json().runId;
});
afterAll(() => folder.dispose());

describe('troupe graph', () => {
  it('draws a file as Mermaid, SVG and JSON', async () => {
    const mermaid = await folder.troupe(['graph', 'chain.yaml']);
    expect(mermaid.stdout).toContain('t1 --> t2');
    const svg = await folder.troupe(['graph', 'chain.yaml', '-o', 'chain.svg']);
    expect([svg.code, svg.stdout]).toEqual([0, '']);
    expect(wellFormed(readFileSync(join(folder.path, 'chain.svg'), 'utf8')).length).toBeGreaterThan(
      9,
    );
    const json = (await folder.troupe(['graph', 'chain.yaml', '--json'])).json();
    expect(
      json.nodes.map(({ id, status }: { id: string; status: string }) => [id, status]),
    ).toEqual([
      ['hello', 'planned'],
      ['rest', 'planned'],
      ['each', 'planned'],
    ]);
  });

  it('draws a run with its states, and finds a template by its name', async () => {
    const json = (await folder.troupe(['graph', '--run', failedId, '--format', 'json'])).json();
    expect(json).toMatchObject({
      status: 'failed',
      nodes: [{ status: 'success' }, { status: 'failed', errorCode: 'odd' }],
    });
    expect((await folder.troupe(['graph', 'shipped'])).stdout).toContain('flowchart TD');
    const missing = await folder.troupe(['graph', 'shiped']);
    expect([missing.code, missing.stderr]).toEqual([
      3,
      expect.stringContaining('Did you mean `shipped`?'),
    ]);
  });

  it('refuses what it cannot draw', async () => {
    const codes = [];
    for (const argv of [
      ['nope.yaml'],
      [],
      ['chain.yaml', '--run', runId],
      ['chain.yaml', '--format', 'png'],
      ['chain.yaml', '-o', 'no/where.svg'],
      ['--run', 'run_nope'],
    ])
      codes.push((await folder.troupe(['graph', ...argv])).code);
    expect(codes).toEqual([2, 2, 2, 2, 2, 3]);
  });
});

describe('troupe runs report', () => {
  it('tells a failed run with its evidence', async () => {
    const { stdout, code } = await folder.troupe(['runs', 'report', failedId]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# Report of failing\n/);
    expect(stdout).toContain('### `odd`: 1');
    expect(stdout).toContain(`troupe replay ${failedId} --step`);
  });

  it('says the same through an orchestrator as from the log', async () => {
    const offline = (await folder.troupe(['runs', 'report', runId, '--json'])).json();
    const up = await folder.up();
    try {
      expect((await folder.troupe(['runs', 'report', runId, '--json'])).json()).toEqual(offline);
      const walk = await folder.troupe(['replay', runId, '--step', '--jsonl']);
      const lines = walk.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toHaveLength(offline.events);
      expect(lines.at(-1).changes[0]).toEqual({
        path: 'run.status',
        before: 'running',
        after: 'succeeded',
      });
    } finally {
      await up.end('SIGTERM');
    }
  });
});

describe('troupe replay --step', () => {
  it('takes commands from stdin', async () => {
    const { stdout, code } = await folder.troupe(
      ['replay', failedId, '--step', '--break', 'task.failed'],
      {},
      'c\n# a remark\nb\nq\n',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /task\.failed {2}bad {2}.*\n.* {2}tasks\.bad\.status: running -> failed\n/s,
    );
    expect(stdout).toContain('tasks.bad.status: failed -> running');
  });

  it('ends with a usage error at a command that it does not know', async () => {
    const walk = await folder.troupe(['replay', runId, '--step'], {}, 'nxt\n');
    expect([walk.code, walk.stderr]).toEqual([2, expect.stringContaining('Did you mean `next`?')]);
    const point = await folder.troupe(['replay', runId, '--step', '--break', 'task:helo']);
    expect([point.code, point.stderr]).toEqual([
      2,
      expect.stringContaining('Did you mean `hello`?'),
    ]);
    expect((await folder.troupe(['replay', runId, '--step', '--at', '999'])).code).toBe(2);
    expect((await folder.troupe(['replay', runId, '--break', 'task.failed'])).code).toBe(2);
  });
});
