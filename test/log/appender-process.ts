/** A child process of the crash test: appends without end and prints what is durable. */
import { openLevelLog } from '../../src/log/level-log.ts';

const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: appender <directory>');
const log = await openLevelLog({ directory });
log.onDurable((commits) => process.stdout.write(`${commits.at(-1)?.position}\n`));

function appendSome(): void {
  for (let n = 0; n < 20 && !log.isSaturated; n += 1) {
    const stream = `run_${log.appendedPosition % 7}`;
    const events = [
      {
        type: 'task.succeeded',
        schemaVersion: 1,
        data: { taskId: 'a', [`field${log.appendedPosition % 90}`]: n },
      },
    ];
    log.append({
      stream,
      expectedVersion: log.streamHead(stream)?.version ?? 0,
      events,
      at: 1000 + log.appendedPosition,
      correlationId: 'req_1',
      causationId: 'msg_1',
      actor: { kind: 'system' },
      unique: [`request:${log.appendedPosition}`],
    });
  }
  setImmediate(appendSome);
}
appendSome();
