/**
 * What an agent says of a task with secrets is looked through before the run hears it: agents that are not ours may
 * repeat what they were given, and what a run has heard is in the log.
 */
import type { RunAggregate } from '../../machines/run/aggregate.ts';
import { Unavailable } from './errors.ts';
import { rejectionOf } from './rejection.ts';
import type { Delivery, HostRuntime } from './runtime.ts';

/** The delivery as the run may hear it; undefined where it has to come again, which its sender is told. */
export function safeDelivery(
  run: RunAggregate,
  delivery: Delivery,
  runtime: Pick<HostRuntime, 'secrets' | 'logger'>,
): Delivery | undefined {
  const { message, actor } = delivery;
  if (run.plan.definition.context.secrets === undefined || actor.kind === 'system') return delivery;
  if (message.type !== 'result' && message.type !== 'progress') return delivery;
  const sources = run.activations.get(message.activation)?.node.secrets;
  if (sources === undefined) return delivery;
  try {
    return { ...delivery, message: runtime.secrets.redacted(sources, message) };
  } catch (error) {
    if (message.type === 'result' && message.result.redacted === true) return delivery;
    const { runId } = run.header;
    runtime.logger.warn('what an agent says cannot be taken while its secrets cannot be read', {
      ...{ runId, taskId: message.activation, error },
    });
    const rejection = rejectionOf(new Unavailable(runId, 'a secret of the task cannot be read'));
    delivery.reply?.({ kind: 'rejected', rejection });
    return undefined;
  }
}
