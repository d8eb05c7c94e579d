/** What processes and folders use, read from /proc and the file system. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Of the kernel's clock in /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/<pid>/stat after the command name, which may hold spaces: utime and stime. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const KIB_PER_MB = 1024;

/** Seconds of CPU, user and system, that the processes have used so far. Throws when one is gone. */
export function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** The peaks of resident memory of the processes, added up, in MiB. Throws when one is gone. */
export function peakRssMbOf(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    kib += Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  }
  return kib / KIB_PER_MB;
}

/** Bytes of all files below a folder; one that is removed meanwhile counts as nothing. */
export function diskBytesOf(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
