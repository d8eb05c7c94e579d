import { TroupeError } from '../../src/workflow/errors.ts';

/** A typed error for tests of what happens to typed errors. */
export class RunFailedForTest extends TroupeError {
  readonly code = 'run.not-found';
  constructor() {
    super('there is no such run', { hint: 'List them.', details: { runId: 'run_1' } });
  }
}
