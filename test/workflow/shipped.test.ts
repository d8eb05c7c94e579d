import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseWorkflow } from '../../src/workflow/parse.ts';

describe('shipped workflows', () => {
  it.each(['workflows/analyze-repository.yaml', 'examples/hello.yaml'])(
    '%s has no problem, not even a warning',
    (file) => {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      const agents = ['codebase-locator', 'codebase-analyzer', 'report-writer', 'echo'];
      expect(parseWorkflow(source, { file, agents }).problems).toEqual([]);
    },
  );
});
