/** What can go wrong when a projection is fed or asked. */
import { TroupeError } from '../../workflow/errors.ts';

/** The projection has not reached the position that was asked for. */
export class ProjectionLaggingError extends TroupeError {
  readonly code = 'projection.lagging';
  constructor(lag: { projection: string; position: number; wanted: number }) {
    super(`projection ${lag.projection} is at position ${lag.position}, not yet at ${lag.wanted}`, {
      hint: 'Ask again in a moment, or leave `after` out to get what is known now.',
      details: lag,
    });
  }
}

/** The projection stopped at an event that it could not fold, or because it could not be stored. */
export class ProjectionFailedError extends TroupeError {
  readonly code = 'projection.failed';
  constructor(failure: { projection: string; position: number; reason: string }) {
    super(
      `projection ${failure.projection} stopped at position ${failure.position}: ${failure.reason}`,
      {
        hint: 'Other projections go on. Update to a release that can fold the event, then `troupe projections rebuild`.',
        details: failure,
      },
    );
  }
}

/** There is no projection of this name. */
export class ProjectionUnknownError extends TroupeError {
  readonly code = 'projection.unknown';
  constructor(name: string, known: readonly string[]) {
    super(`there is no projection "${name}"`, {
      hint: `Known are: ${known.join(', ')}.`,
      details: { name, known },
    });
  }
}

/** The query does not fit the projection. */
export class QueryInvalidError extends TroupeError {
  readonly code = 'query.invalid';
  constructor(reason: string, details: Record<string, unknown> = {}) {
    super(reason, {
      hint: 'Correct the query: docs/reference/messages.md has its fields under "query".',
      details,
    });
  }
}

/** The past that was asked for is more than one query may fold. */
export class QueryTooLargeError extends TroupeError {
  readonly code = 'query.too-large';
  constructor(bound: { unit: 'events' | 'documents'; limit: number }) {
    super(`the query would fold more than ${bound.limit} ${bound.unit}`, {
      hint: 'Name one run (`key` or `prefix`), or an earlier position.',
      details: bound,
    });
  }
}
