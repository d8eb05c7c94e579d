/** The packed package in an empty project, on the runtime of the tests. */
import { describe } from 'vitest';
import { testInstalledPackage } from './installed.ts';

describe('the installed package', () => {
  testInstalledPackage({
    packages: ['@types/node@24.19.2'],
    major: 24,
    runtimeOf: () => process.execPath,
  });
});
