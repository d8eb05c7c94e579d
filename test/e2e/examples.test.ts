/** The examples that need no library end quietly where nobody listens to them any more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../../src/messaging/embedded-broker.ts';

const root = join(import.meta.dirname, '../..');

it('request.mjs ends without a trace when its reader has gone', async () => {
  const broker = await startBroker({ port: 0 });
  try {
    const words = ['examples/request.mjs', 'examples/hello.yaml', 'quiet-1', String(broker.port)];
    const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.destroy();
    await once(child, 'close');
    expect(stderr).toBe('');
  } finally {
    await broker.close();
  }
});
