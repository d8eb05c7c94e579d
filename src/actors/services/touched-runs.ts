/** Which runs a run has to do with, from the documents of `runs`: who waits for it, what comes from it, what is like it. */
import type { DocumentStore } from '../../log/event-log.ts';
import type { FamilyRun, TouchedRun } from '../../messages/blast-radius.ts';
import type { RunRecord } from '../../projections/runs.ts';

const RUNS = 'runs';
const PAGE = 500;
const MAX_FAMILY = 10_000;
const MAX_ALIKE = 1_000;
/** Deeper lines are cut: children are bounded far below, forks are not. */
const MAX_LINE = 10_000;

/** Which index of `runs` has them, by what they are to a run. */
const RELATIONS = { child: 'parent', fork: 'forkedFrom', job: 'job_run' } as const;

export function touched({ runId, name, status }: RunRecord): TouchedRun {
  return { runId, name, status };
}

export async function recordOf(
  documents: DocumentStore,
  runId: string,
): Promise<RunRecord | undefined> {
  return (await documents.get(RUNS, runId)) as unknown as RunRecord | undefined;
}

/** Its parent, the parent of that, and so on. */
export async function ancestorsOf(documents: DocumentStore, run: RunRecord): Promise<TouchedRun[]> {
  const ancestors: TouchedRun[] = [];
  for (let { parent } = run; parent !== null && ancestors.length < MAX_LINE; ) {
    const next = await recordOf(documents, parent.runId);
    if (next === undefined) return ancestors;
    ancestors.push(touched(next));
    parent = next.parent;
  }
  return ancestors;
}

/** Everything that comes from a run; a run stands before what comes from it. */
export async function familyOf(
  documents: DocumentStore,
  runId: string,
): Promise<{ family: FamilyRun[]; isWhole: boolean }> {
  const family: FamilyRun[] = [];
  const known = new Set([runId]);
  for (const of of known) {
    for (const [relation, index] of Object.entries(RELATIONS)) {
      for await (const run of listed(documents, { index, prefix: `${of}/` })) {
        if (known.has(run.runId)) continue;
        if (family.length === MAX_FAMILY) return { family, isWhole: false };
        known.add(run.runId);
        family.push({ ...touched(run), relation: relation as FamilyRun['relation'], of });
      }
    }
  }
  return { family, isWhole: true };
}

/** Runs that have not ended and began with the same definition, those of `known` left out. */
export async function alikeOf(
  documents: DocumentStore,
  { hash, known }: { hash: string | null; known: ReadonlySet<string> },
): Promise<{ alike: TouchedRun[]; alikeCount: number }> {
  const alike: TouchedRun[] = [];
  let alikeCount = 0;
  if (hash === null) return { alike, alikeCount };
  for await (const run of listed(documents, { index: 'live' })) {
    if (known.has(run.runId) || (await definitionHashOf(documents, run)) !== hash) continue;
    alikeCount += 1;
    if (alike.length < MAX_ALIKE) alike.push(touched(run));
  }
  return { alike, alikeCount };
}

/** Of a fork that of its first origin; null where that has left the log. */
export async function definitionHashOf(
  documents: DocumentStore,
  run: RunRecord,
): Promise<string | null> {
  let at: RunRecord | undefined = run;
  for (let step = 0; step < MAX_LINE && at !== undefined; step += 1) {
    if (at.definitionHash !== null || at.forkedFrom === null) return at.definitionHash;
    at = await recordOf(documents, at.forkedFrom.run);
  }
  return null;
}

async function* listed(
  documents: DocumentStore,
  query: { index: string; prefix?: string },
): AsyncGenerator<RunRecord> {
  for (let after: string | undefined; ; ) {
    const from = after === undefined ? {} : { after };
    const page = await documents.list(RUNS, { ...query, limit: PAGE, ...from });
    for (const { document } of page.documents) yield document as unknown as RunRecord;
    if (page.next === undefined) return;
    after = page.next;
  }
}
