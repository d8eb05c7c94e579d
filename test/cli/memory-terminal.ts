/** A terminal whose two streams are kept in memory. */
import { PassThrough } from 'node:stream';
import { createTerminal, type Terminal } from '../../src/cli/terminal.ts';

export function memoryTerminal(
  options: { isTTY?: boolean; environment?: Record<string, string> } = {},
): {
  terminal: Terminal;
  stdout(): string;
  stderr(): string;
  streams: { stdout: PassThrough; stderr: PassThrough };
} {
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: options.isTTY ?? false });
  const kept = { stdout: '', stderr: '' };
  stdout.on('data', (chunk: Buffer) => (kept.stdout += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (kept.stderr += chunk.toString()));
  const terminal = createTerminal({
    stdout,
    stderr,
    stdin: {},
    environment: options.environment ?? {},
  });
  return {
    terminal,
    stdout: () => kept.stdout,
    stderr: () => kept.stderr,
    streams: { stdout, stderr },
  };
}
