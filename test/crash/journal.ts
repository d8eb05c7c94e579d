/** What the test agent wrote about its executions, read back. */
import { existsSync, readFileSync } from 'node:fs';

export interface JournalLine {
  /** `<runId>/<activation>`. */
  place: string;
  /** Of the attempt. */
  key: string;
  event: 'begin' | 'end';
  pid: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** One execution of one attempt; `endedAt` is absent when the process died first. */
export interface Execution {
  place: string;
  key: string;
  pid: number;
  beganAt: number;
  endedAt?: number;
}

/** All executions in the order in which they began. */
export function readExecutions(file: string): Execution[] {
  if (!existsSync(file)) return [];
  const executions: Execution[] = [];
  const open = new Map<string, Execution>();
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    if (text === '') continue;
    const { place, key, event, pid, at } = JSON.parse(text) as JournalLine;
    const name = `${pid} ${key}`;
    if (event === 'begin') {
      const execution: Execution = { place, key, pid, beganAt: at };
      executions.push(execution);
      open.set(name, execution);
    } else {
      const execution = open.get(name);
      if (execution !== undefined) execution.endedAt = at;
    }
  }
  return executions;
}
