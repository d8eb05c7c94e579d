/**
 * Who else serves this prefix: asked before an orchestrator subscribes to anything.
 */
import { helloReplySchema } from '../../messages/request.ts';
import type { Bus } from '../../messaging/bus.ts';
import type { Subjects } from '../../messaging/subjects.ts';
import { throughOutages } from '../../messaging/through-outages.ts';
import { DuplicateOrchestrator } from '../host/errors.ts';

/** Another orchestrator answers within this time. */
const HELLO_MS = 300;

/** One prefix on one NATS has one log: asked before anything is subscribed. */
export async function refuseSecond({
  bus,
  subjects,
}: {
  bus: Bus;
  subjects: Subjects;
}): Promise<void> {
  const replies = await throughOutages(bus, () =>
    bus.requestMany(subjects.hello(), {}, { timeoutMs: HELLO_MS, max: 1 }),
  );
  const hello =
    replies[0] === undefined ? undefined : helloReplySchema.safeParse(replies[0].body());
  if (hello?.success === true) {
    throw new DuplicateOrchestrator({ prefix: subjects.prefix, logId: hello.data.logId });
  }
}
