/**
 * Every projection there is, and the hash that tells whether stored documents are of today's shape.
 */
import { agents } from './agents.ts';
import { inbox } from './inbox.ts';
import { metrics } from './metrics.ts';
import type { Projection } from './projection.ts';
import { runs } from './runs.ts';
import { schedules } from './schedules.ts';
import { stepAttempts } from './step-attempts.ts';

/** All projections with documents, in the order in which they are folded. */
export const projections: readonly Projection[] = [
  runs,
  stepAttempts,
  agents,
  metrics,
  inbox,
  schedules,
] as unknown as readonly Projection[];

/** Of how documents are folded and written in general; raised when that changes. */
const FORMAT = 1;

/** What a checkpoint carries. Another hash than the stored one means: clear and rebuild. */
export function projectionHash(projection: Projection): string {
  const indexes = Object.keys(projection.indexes).sort().join(',');
  return `f${FORMAT}:v${projection.version}:${indexes}`;
}
