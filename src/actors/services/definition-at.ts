/** The definition that a run has at a version, without folding the run: what it began with and what adapted it since. */
import type { RunEvent } from '../../events/catalogue.ts';
import type { EventLog } from '../../log/event-log.ts';
import { FOLD_HASH } from '../../machines/run/snapshot.ts';
import { applyChange } from '../../workflow/change/definition-change.ts';
import type { WorkflowDefinition } from '../../workflow/definition.ts';
import { definitionOf, lineageOf, type Origin, readCreated } from '../host/load.ts';
import { adaptedKey } from '../host/new-run.ts';

/** A definition, and the origins whose events may have changed it since. */
interface Known {
  definition: WorkflowDefinition;
  left: (Origin & { fromVersion: number })[];
}

/** O(1) where nothing was adapted, else O(events since the newest snapshot). Throws `stream.broken` where the history does not begin with a definition. */
export async function definitionAt(
  log: EventLog,
  stream: string,
  at: number,
): Promise<WorkflowDefinition> {
  const known = await newestKnown(log, stream, at);
  let { definition } = known;
  for (const { stream: each, at: toVersion, fromVersion } of known.left) {
    if (fromVersion > toVersion || !isAdapted(log, each)) continue;
    for await (const commits of log.readStream(each, { fromVersion, toVersion }))
      for (const { events } of commits)
        for (const recorded of events) {
          const { type, data } = recorded as RunEvent;
          if (type === 'run.adapted' && data.change !== undefined)
            definition = applyChange(definition, data.change);
        }
  }
  return definition;
}

/** True when the definition of a run was ever changed. */
function isAdapted(log: EventLog, stream: string): boolean {
  return log.uniqueOwner(adaptedKey(stream)) !== undefined;
}

async function newestKnown(log: EventLog, stream: string, at: number): Promise<Known> {
  const lineage = await lineageOf(log, stream);
  if (!lineage.some((origin) => isAdapted(log, origin.stream)))
    return { definition: await definitionOf(log, await readCreated(log, stream)), left: [] };
  const left: Known['left'] = [];
  for (const origin of lineage.reverse()) {
    const atMost = origin.stream === stream ? at : origin.at;
    const snapshot = await log.loadSnapshot(origin.stream, { atMost });
    const isKnown = snapshot?.foldHash === FOLD_HASH;
    const fromVersion = isKnown ? snapshot.streamVersion + 1 : 1;
    left.unshift({ stream: origin.stream, at: atMost, fromVersion });
    if (!isKnown) continue;
    const state = snapshot.state as unknown as { definition: unknown };
    return { definition: await definitionOf(log, state), left };
  }
  return { definition: await definitionOf(log, await readCreated(log, stream)), left };
}
