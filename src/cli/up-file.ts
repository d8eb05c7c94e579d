/**
 * `<dataDir>/up.json`: where the orchestrator of a data directory can be reached.
 *
 * U1 It is written as a whole (rename), once its orchestrator serves, and removed by its owner alone.
 * U2 It is a hint: who reads it checks the process and asks `orchestrator.hello` before believing it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FileUnwritableError } from './errors.ts';

const upFileSchema = z.object({
  /** Which command owns it: `run` ends with its run, `up` stays. */
  kind: z.enum(['up', 'run', 'command']),
  nats: z.string(),
  prefix: z.string(),
  dataDir: z.string(),
  logId: z.string(),
  pid: z.number().int().positive(),
});
export type UpFile = z.infer<typeof upFileSchema>;

function pathOf(dataDir: string): string {
  return join(dataDir, 'up.json');
}

/** Throws `cli.file-unwritable`. */
export function writeUpFile(content: UpFile): void {
  const path = pathOf(content.dataDir);
  const draft = `${path}.${content.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(content)}\n`);
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new FileUnwritableError(path, cause);
  }
}

/** Removes the file if this process wrote it. */
export function removeUpFile(dataDir: string): void {
  if (readUpFile(dataDir)?.pid === process.pid) rmSync(pathOf(dataDir), { force: true });
}

/** The file of a process that is alive; undefined where there is none, it cannot be read, or its process is gone. */
export function readUpFile(dataDir: string): UpFile | undefined {
  let text: string;
  try {
    text = readFileSync(pathOf(dataDir), 'utf8');
  } catch {
    // nobody is up
    return undefined;
  }
  const parsed = upFileSchema.safeParse(jsonOf(text));
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // half a file of a crashed machine is as good as none
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
