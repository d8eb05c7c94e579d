/** What a task waits for and how to answer it, in words. Pure. */
import type { RunReport } from '../../messages/report.ts';
import { isObject } from '../../workflow/loose.ts';
import type { JsonObject, JsonValue } from '../../workflow/value.ts';
import { plainText } from './painted.ts';

/** `approval by leads (2 needed)`, `signal go`, `signal payment or a timer`, `more of files`, `timer`. */
export function waitText(kind: string | undefined, given: JsonValue | undefined): string {
  const details: JsonObject = isObject(given ?? null) ? (given as JsonObject) : {};
  switch (kind) {
    case 'approval':
      return approvalText(details);
    case 'signal':
      return typeof details['signal'] === 'string' ? `signal ${details['signal']}` : 'signal';
    case 'feed':
      return `more of ${String(details['signal'])}`;
    case 'mutex':
      return `mutex ${[details['mutexes']].flat().map(String).join(', ')}`;
    case 'first':
      return firstText(details);
    case 'run':
      return childText(details);
    case 'slot':
      return slotText(details);
    case 'rate':
      return rateText(details);
    case 'worker':
      return `a worker that offers ${plainText(String(details['name']))}`;
    default:
      return kind ?? 'something';
  }
}

/** `run run_01j9zq of collect`. */
function childText({ runId, workflow, left }: JsonObject): string {
  if (left === true) return `the end of run ${runId}, before another attempt`;
  return typeof workflow === 'string' ? `run ${runId} of ${plainText(workflow)}` : `run ${runId}`;
}

/** `a slot: all 4 of shell are taken`. */
function slotText({ of, name, limit }: JsonObject): string {
  const where = typeof name === 'string' ? plainText(name) : '';
  switch (of) {
    case 'run':
      return `a slot: all ${limit} of the run (max_parallel) are taken`;
    case 'node':
      return `a slot: all ${limit} of the node are taken`;
    case 'agent':
      return `a slot: all ${limit} that the limit of ${where} allows are taken`;
    case 'key':
      return `a slot: all ${limit} of the key ${where} are taken`;
    default:
      return `a slot: all ${limit} of the workers of ${where} are taken`;
  }
}

/** `the rate 10/s of the key github`. */
function rateText({ of, name, rate }: JsonObject): string {
  const key = of === 'key' ? 'the key ' : '';
  return `the rate ${String(rate)} of ${key}${plainText(String(name))}`;
}

function approvalText(details: JsonObject): string {
  const { group, quorum, by } = details;
  const who = typeof group === 'string' ? ` by ${plainText(group)}` : '';
  if (typeof quorum !== 'number' || quorum < 2) return `approval${who}`;
  const given = Array.isArray(by) ? by.length : 0;
  return `approval${who} (${given === 0 ? `${quorum} needed` : `${given} of ${quorum}`})`;
}

function firstText({ events }: JsonObject): string {
  const awaited = (Array.isArray(events) ? events : []).filter(isObject);
  const signals = awaited.flatMap(({ signal }) => (typeof signal === 'string' ? signal : []));
  const hasTimer = awaited.some(({ signal }) => signal === undefined);
  const named = signals.map((signal) => `signal ${signal}`);
  return [...named, ...(hasTimer ? ['a timer'] : [])].join(' or ');
}

/** The commands that answer what waits: those of an approval, or the signals. */
export function answersOf(
  wait: { runId: string; task: string; kind: string; signals: readonly string[] },
  { own, ending }: { own: string; ending: string },
): string[] {
  const { runId, task, kind, signals } = wait;
  if (kind === 'approval')
    return ['approve', 'reject'].map((word) => `${own} runs ${word} ${runId} ${task}${ending}`);
  return signals.map((signal) => `${own} runs signal ${runId} ${signal}${ending}`);
}

/** How to answer what a run waits for, a line each. */
export function answerLines(report: RunReport, options: { own: string; ending: string }): string[] {
  const waiting = Object.entries(report.tasks).filter(([, task]) => task.waitsFor !== undefined);
  return waiting.flatMap(([task, { waitsFor = {} }]) => {
    const kind = String(waitsFor['kind']);
    const commands = answersOf(
      { runId: report.runId, task, kind, signals: signalsOf(waitsFor) },
      options,
    );
    if (commands.length === 0) return [];
    return [
      `${task} waits for ${waitText(kind, waitsFor)}:`,
      ...commands.map((command) => `  ${command}`),
    ];
  });
}

function signalsOf({ signal, events }: JsonObject): string[] {
  if (typeof signal === 'string') return [signal];
  return (Array.isArray(events) ? events : [])
    .filter(isObject)
    .flatMap((each) => (typeof each['signal'] === 'string' ? each['signal'] : []));
}
