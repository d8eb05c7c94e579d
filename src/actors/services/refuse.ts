/**
 * How a door answers an error: typed to the sender, and what nobody foresaw also to our own log, with its stack.
 */
import type { BusMessage } from '../../messaging/bus.ts';
import { toWireError } from '../../messaging/errors.ts';
import type { Logger } from '../host/runtime.ts';

/** Answers with the error; a sender without a reply subject hears nothing. */
export function refuse(message: BusMessage, error: unknown, logger: Logger): void {
  const wire = toWireError(error);
  if (wire.code === 'internal') {
    logger.error('a message could not be handled', {
      subject: message.subject,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
  message.respondError(wire);
}
