/**
 * What can go wrong when an event is read.
 */
import { TroupeError } from '../workflow/errors.ts';

/** The log holds an event type that this release does not know. */
export class UnknownEventType extends TroupeError {
  readonly code = 'event.unknown-type';
  constructor(type: string) {
    super(`the event type "${type}" is not in the catalogue`, {
      hint: 'The log was written by a newer release. Use that release or a later one.',
      details: { type },
    });
  }
}

/** The log holds a newer schema version of a known event type. */
export class NewerSchemaVersion extends TroupeError {
  readonly code = 'event.newer-schema';
  constructor(type: string, found: number, known: number) {
    super(`"${type}" has schema version ${found}; this release knows up to ${known}`, {
      hint: 'The log was written by a newer release. Use that release or a later one.',
      details: { type, found, known },
    });
  }
}
