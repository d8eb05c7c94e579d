/** The public interface against the report that is kept: what users program against changes knowingly. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { apiReport } from '../../infra/api-report.mjs';

// dist/ was built for the tarball by set-up.ts.
it('is as docs/public-api.txt says; a wanted change: `npm run api`, and a line in CHANGELOG.md', () => {
  const kept = readFileSync(join(import.meta.dirname, '../../docs/public-api.txt'), 'utf8');
  expect(apiReport()).toBe(kept);
});
