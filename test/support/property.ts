/**
 * `fast-check` with a fixed seed, so that a run of the tests is the same everywhere. Tests import it from here.
 * `TROUPE_TEST_SEED=<number>` plays others; `random` draws one. What fails prints its seed.
 */
import fc from 'fast-check';

const SEED = 20_260_101;

const asked = process.env['TROUPE_TEST_SEED'];
if (asked !== 'random') fc.configureGlobal({ seed: asked === undefined ? SEED : Number(asked) });

export default fc;
