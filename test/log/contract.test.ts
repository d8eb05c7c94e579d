import { openLevelLog } from '../../src/log/level-log.ts';
import { createMemoryLog } from '../../src/log/memory-log.ts';
import { testEventLog } from '../contract/event-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

let remove = async (): Promise<void> => undefined;

testEventLog('LevelDB', {
  async open(options) {
    const directory = await temporaryDirectory();
    remove = directory.remove;
    return openLevelLog({ directory: directory.path, ...options });
  },
  dispose: () => remove(),
});

testEventLog('memory', {
  open: async (options) => createMemoryLog(options),
  dispose: async () => undefined,
});
