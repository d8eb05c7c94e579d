/** A terminal whose two streams are kept in memory. */
import { PassThrough } from 'node:stream';
import { createTerminal, type Terminal } from '../../src/cli/terminal.ts';

export interface MemoryTerminal {
  terminal: Terminal;
  stdout(): string;
  stderr(): string;
  streams: { stdout: PassThrough; stderr: PassThrough & { columns: number; rows: number } };
}

export function memoryTerminal(
  options: {
    isTTY?: boolean;
    environment?: Record<string, string>;
    platform?: string;
    columns?: number;
    rows?: number;
  } = {},
): MemoryTerminal {
  const isTTY = options.isTTY ?? false;
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const size = { columns: options.columns ?? 80, rows: options.rows ?? 24 };
  const stderr = Object.assign(new PassThrough(), { isTTY, ...size });
  const kept = { stdout: '', stderr: '' };
  stdout.on('data', (chunk: Buffer) => (kept.stdout += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (kept.stderr += chunk.toString()));
  const terminal = createTerminal({
    stdout,
    stderr,
    stdin: {},
    environment: options.environment ?? {},
    platform: options.platform ?? 'linux',
  });
  return {
    terminal,
    stdout: () => kept.stdout,
    stderr: () => kept.stderr,
    streams: { stdout, stderr },
  };
}
