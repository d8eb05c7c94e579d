/**
 * The events of channels (messages between agents), of shared contexts, and of the `system` stream.
 */
import { z } from 'zod';
import { type EventOf, eventType, fields } from './event-type.ts';

const message = { messageId: z.string() };
const context = { scope: z.string(), key: z.string() };

export const messageEvents = {
  sent: eventType(
    'message.sent',
    'An agent sent a message.',
    z.object({
      ...message,
      from: z.string(),
      to: z.string(),
      kind: z.string(),
      priority: z.enum(['urgent', 'high', 'normal', 'low']),
      body: fields.value,
    }),
  ),
  delivered: eventType(
    'message.delivered',
    'A receiver has the message.',
    z.object({ ...message, to: z.string() }),
  ),
  expired: eventType('message.expired', 'Nobody took the message in time.', z.object(message)),
  redriven: eventType('message.redriven', 'The message was sent again.', z.object(message)),
};

export const contextEvents = {
  updated: eventType(
    'context.updated',
    'A value of the shared context changed.',
    z.object({ ...context, value: fields.value, by: z.string().optional() }),
  ),
  locked: eventType(
    'context.locked',
    'A key was locked until `dueAt`.',
    z.object({ ...context, owner: z.string(), dueAt: fields.time }),
  ),
  unlocked: eventType(
    'context.unlocked',
    'A key was unlocked.',
    z.object({ ...context, owner: z.string() }),
  ),
  expired: eventType(
    'context.expired',
    'A lock ran out.',
    z.object({ ...context, owner: z.string() }),
  ),
};

export const systemEvents = {
  configured: eventType(
    'system.configured',
    'A setting of the installation changed.',
    z.object({ key: z.string(), value: fields.value }),
  ),
  alerted: eventType(
    'system.alerted',
    'A threshold was crossed.',
    z.object({ alert: z.string(), value: z.number(), threshold: z.number() }),
  ),
  scheduleChanged: eventType(
    'system.scheduleChanged',
    'A schedule was set or withdrawn.',
    z.object({ schedule: z.string(), definition: fields.value.optional() }),
  ),
  runsRemoved: eventType(
    'system.runsRemoved',
    'Ended runs left the log, with all their events, in the same step; what was archived is in a file.',
    z.object({
      runs: z.array(
        z.object({
          runId: z.string(),
          /** Of a child: the run at the top, whose file holds it too. */
          root: z.string().optional(),
          file: z.string().optional(),
        }),
      ),
      reason: z.string(),
    }),
  ),
  cachePurged: eventType(
    'system.cachePurged',
    'Cached results were thrown away.',
    z.object({ selector: z.string(), entries: fields.count }),
  ),
};

export const streamEvents = {
  compacted: eventType(
    'stream.compacted',
    'Everything up to a version was replaced by its state.',
    z.object({ upTo: fields.count, state: fields.value }),
  ),
};

export type ChannelEvent = EventOf<typeof messageEvents>;
export type ContextEvent = EventOf<typeof contextEvents>;
export type SystemEvent = EventOf<typeof systemEvents>;
export type StreamEvent = EventOf<typeof streamEvents>;
