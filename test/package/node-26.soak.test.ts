/** The packed package in an empty project, on the next Node: a download of a whole runtime, so not in `npm test`. */
import { join } from 'node:path';
import { describe } from 'vitest';
import { testInstalledPackage } from './installed.ts';
import { npm } from './npm.ts';

describe('the installed package on Node 26', () => {
  testInstalledPackage({
    packages: ['node@26.1.0', '@types/node@24.19.2'],
    major: 26,
    runtimeOf: ({ path }) => {
      // The runtime itself comes by the install script of the package `node`.
      npm(['rebuild', 'node', '--ignore-scripts=false'], { cwd: path });
      return join(path, 'node_modules', 'node', 'bin', 'node');
    },
  });
});
