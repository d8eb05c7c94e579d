/**
 * The events of a session's stream: a conversation over many requests.
 */
import { z } from 'zod';
import { type EventOf, eventType, fields } from './event-type.ts';

const session = { session: z.string() };

export const sessionEvents = {
  opened: eventType(
    'session.opened',
    'A conversation began.',
    z.object({ ...session, user: z.string().optional() }),
  ),
  requested: eventType(
    'session.requested',
    'The user asked for something.',
    z.object({ ...session, requestId: z.string().optional(), text: z.string().optional() }),
  ),
  answered: eventType(
    'session.answered',
    'A request got its answer.',
    z.object({ ...session, runId: z.string().optional(), output: fields.value.optional() }),
  ),
  contextMerged: eventType(
    'session.contextMerged',
    'Results joined the context of the session.',
    z.object({ ...session, keys: z.array(z.string()), value: fields.value }),
  ),
  expired: eventType('session.expired', 'The session was idle for too long.', z.object(session)),
  closed: eventType('session.closed', 'The session was closed.', z.object(session)),
};

export const intentEvents = {
  resolved: eventType(
    'intent.resolved',
    'A request in words became an intent.',
    z.object({ ...session, text: z.string(), intent: fields.value }),
  ),
  corrected: eventType(
    'intent.corrected',
    'The user said what was really meant.',
    z.object({ ...session, intent: fields.value }),
  ),
};

export const preferenceEvents = {
  learned: eventType(
    'preference.learned',
    'A preference was seen often enough to count.',
    z.object({ ...session, key: z.string(), value: fields.value }),
  ),
  withdrawn: eventType(
    'preference.withdrawn',
    'A preference no longer counts.',
    z.object({ ...session, key: z.string() }),
  ),
};

export type SessionEvent =
  | EventOf<typeof sessionEvents>
  | EventOf<typeof intentEvents>
  | EventOf<typeof preferenceEvents>;
