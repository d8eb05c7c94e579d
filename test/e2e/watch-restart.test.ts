/** `runs watch` stays with a run when its orchestrator and broker are killed and come back, at any address. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { Folder, type Loose } from './troupe.ts';

const steps = Array.from({ length: 12 }, (_, n) => {
  const after = n === 0 ? '' : `, dependencies: [s${n - 1}]`;
  return `  - { id: s${n}, agent: sleep, parameters: { ms: 60 }${after} }`;
});
const workflow = `name: steps\ntasks:\n${steps.join('\n')}\n`;

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.dispose());

/** What a watcher prints, and its end. */
function reading(child: ChildProcess): {
  lines: Loose[];
  stderr(): string;
  until(what: (line: Loose) => boolean): Promise<void>;
  ended: Promise<unknown[]>;
} {
  if (child.stdout === null) throw new Error('no stdout');
  const lines: Loose[] = [];
  const reader = createInterface({ input: child.stdout });
  const seen = new Set<() => void>();
  reader.on('line', (line) => {
    lines.push(JSON.parse(line));
    for (const look of seen) look();
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    lines,
    stderr: () => stderr,
    ended: once(child, 'close'),
    until: (what) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (lines.some(what)) resolve();
        };
        seen.add(look);
        look();
      }),
  };
}

it.each([
  ['another port', false],
  ['the same port', true],
])(
  'without gap or duplicate over two kill -9, back at %s',
  async (_name, isSamePort) => {
    let up = await folder.up();
    const port = new URL(up.nats).port;
    const client = await connectClient({ url: up.nats });
    const { runId } = await client.request({ workflow });
    await client.close();
    const watcher = reading(folder.start(['runs', 'watch', runId, '--jsonl']));
    for (const task of ['s1', 's6']) {
      await watcher.until(({ type, data }) => type === 'task.succeeded' && data.taskId === task);
      await up.end('SIGKILL');
      up = await folder.up(...(isSamePort ? ['--nats-port', port] : []));
    }
    expect(await watcher.ended).toEqual([0, null]);
    const report = watcher.lines.pop();
    expect(report).toMatchObject({ runId, status: 'succeeded' });
    const versions = watcher.lines.map(({ streamVersion }) => streamVersion);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    expect(watcher.lines.at(-1).type).toBe('run.succeeded');
    expect(watcher.stderr()).toContain('lost the orchestrator');
    const { events } = (await folder.troupe(['replay', runId, '--json'])).json();
    expect(watcher.lines).toEqual(events);
  },
  180_000,
);
