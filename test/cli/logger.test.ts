import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from '../../src/cli/logger.ts';

function logged(options: { level?: LogLevel; format?: 'json' | 'text' } = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    level: options.level ?? 'debug',
    format: options.format ?? 'json',
    hasColor: false,
    write: (line) => lines.push(line),
    now: () => 0,
  });
  return { logger, lines };
}

describe('the logger', () => {
  it('writes one JSON object a line with time, level, message and fields', () => {
    const { logger, lines } = logged();
    logger.child({ runId: 'run_1' }).info('taken', { taskId: 'a', correlationId: 'c' });
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      message: 'taken',
      runId: 'run_1',
      taskId: 'a',
      correlationId: 'c',
    });
  });

  it('drops what is below its level, everything when silent', () => {
    const { logger, lines } = logged({ level: 'warn' });
    logger.info('no');
    logger.warn('yes');
    expect(lines).toHaveLength(1);
    const silent = logged({ level: 'silent' });
    silent.logger.error('no');
    expect(silent.lines).toEqual([]);
  });

  it('never throws for a field that JSON cannot carry', () => {
    const { logger, lines } = logged();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    logger.error('odd', {
      cycle,
      big: 1n,
      nan: NaN,
      nothing: undefined,
      call: () => 1,
      time: 'kept',
      error: new Error('why'),
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      time: '1970-01-01T00:00:00.000Z',
      field_time: 'kept',
      big: '1',
      error: { message: 'why' },
    });
  });

  it('is one line on a terminal too', () => {
    const { logger, lines } = logged({ format: 'text' });
    logger.warn('slow', { taskId: 'a b', note: 'two\nlines' });
    expect(lines).toEqual(['00:00:00.000 warn  slow taskId="a b" note="two\\nlines"']);
  });
});
