/**
 * Stays with a run until it ends, or until nothing but people could end it. On a terminal it draws a live tree, else
 * it prints a line for each important change; both on stderr.
 */
import type { Client } from '../client/client.ts';
import { isTerminalEvent } from '../client/follow-run.ts';
import type { JsonEnvelope } from '../events/envelope.ts';
import type { RunReport } from '../messages/report.ts';
import { isBlobReference, type JsonObject } from '../workflow/value.ts';
import type { CommandContext } from './command.ts';
import type { Connection } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { agentDocuments } from './known-agents.ts';
import { LastingConnection } from './lasting-connection.ts';
import { LiveDisplay } from './live-display.ts';
import { dataDirOption, ownCommand } from './own-command.ts';
import { duration, outputText } from './render/format.ts';
import { ProgressTracker } from './render/progress.ts';
import { failureLines, tasksText } from './render/run-summary.ts';
import type { RunView } from './render/run-view.ts';
import { answerLines } from './render/wait-text.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

interface FollowedRun {
  report: RunReport;
  exitCode: number;
  /** Given to agents, and decided after a failed one. */
  counts: { attempts: number; retries: number };
}

interface FollowOptions {
  session: Session;
  connection: Connection;
  runId: string;
  terminal: Terminal;
  signal: AbortSignal;
  /** Print each event on stdout. */
  jsonl: boolean;
}

/** How often it is asked whether the agents that tasks wait for are there. */
const AGENTS_MS = 2_000;

/**
 * Follows the run over restarts of its orchestrator and prints what it came to, with `--json` and `--jsonl` as its
 * report. Resolves to the exit code. Rejects with the signal's reason, and with `run.not-found`. The connection is the
 * caller's until this resolves or rejects; it is closed then.
 */
export async function followAndPrint(
  { arguments: given, terminal }: CommandContext,
  followed: Omit<FollowOptions, 'terminal' | 'jsonl'>,
): Promise<number> {
  const jsonl = given.flag('jsonl');
  const run = await followToEnd({ ...followed, terminal, jsonl });
  if (given.flag('json') || jsonl) terminal.printJson(run.report);
  else printResult(terminal, run, followed.session);
  return run.exitCode;
}

async function followToEnd(options: FollowOptions): Promise<FollowedRun> {
  const follower = new Follower(options);
  try {
    return await follower.toEnd();
  } finally {
    await follower.close();
  }
}

class Follower {
  readonly #options: FollowOptions;
  readonly #tracker = new ProgressTracker();
  readonly #display: LiveDisplay | undefined;
  readonly #lasting: LastingConnection;
  readonly #agentTimer: NodeJS.Timeout;
  #next = 1;
  #hasToldInbox = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    const { terminal, runId, session, connection, jsonl } = options;
    // events on the same screen are what the person wants to see then
    const isLive = terminal.isLive && !(jsonl && terminal.isOutputTerminal);
    const inbox = inboxCommand(session);
    if (isLive) this.#display = new LiveDisplay({ terminal, runId, view: this.#view, inbox });
    this.#lasting = new LastingConnection({
      session,
      connection,
      onChange: (state, url) => this.#connectionChanged(state, url),
    });
    this.#agentTimer = setInterval(() => void this.#lookForAgents(), AGENTS_MS);
  }

  get #view(): RunView {
    return this.#tracker.view;
  }

  async toEnd(): Promise<FollowedRun> {
    const { signal, runId } = this.#options;
    const waiting = await this.#lasting.during(signal, (client, own) => this.#take(client, own));
    const report =
      waiting ??
      (await this.#lasting.during(signal, (client, own) =>
        client.waitForRun(runId, { signal: own }),
      ));
    const { attempts, retries } = this.#view;
    return {
      report,
      exitCode: waiting === undefined ? exitCodeOfReport(report) : exitCodes.waitingForPerson,
      counts: { attempts, retries },
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#agentTimer);
    this.#display?.end();
    await this.#lasting.close();
  }

  /** Until the end; the report where only people could bring it about. */
  async #take(client: Client, signal: AbortSignal): Promise<RunReport | undefined> {
    const { runId, terminal } = this.#options;
    for await (const event of client.events(runId, { from: this.#next, signal })) {
      this.#next = event.streamVersion + 1;
      await this.#show(client, event);
      if (isTerminalEvent(event)) return undefined;
      const { isWaitingForPerson, isQuarantined } = this.#view;
      if ((!isWaitingForPerson && !isQuarantined) || terminal.isInputTerminal) continue;
      const report = await client.report(runId, { signal });
      // A quarantine may be over by now: what was read is history.
      const isOver = isQuarantined
        ? report.status !== 'quarantined'
        : !areLocked(report, this.#view);
      if (!isOver && (await this.#hasSeenAll(client, signal))) return report;
    }
    return undefined;
  }

  /** One commit may let a task wait and others begin: what it says is known at its last event. */
  async #hasSeenAll(client: Client, signal: AbortSignal): Promise<boolean> {
    const { runId } = this.#options;
    const { events } = await client.history(runId, { from: this.#next, limit: 1 }, { signal });
    return events.length === 0;
  }

  async #show(client: Client, event: JsonEnvelope): Promise<void> {
    const { terminal, jsonl } = this.#options;
    if (jsonl) {
      terminal.printJson(event);
      await terminal.drained();
    }
    const line = this.#tracker.take(event);
    const { definition } = event.data as { definition?: unknown };
    if (event.type === 'run.created' && isBlobReference(definition)) {
      const bytes = await client.getBlob(definition);
      this.#view.define(JSON.parse(Buffer.from(bytes).toString('utf8')));
    }
    if (this.#display !== undefined) this.#display.update();
    else if (line !== undefined) {
      terminal.tell(line);
      if (isAskedInTime(event)) this.#tellInbox();
    }
  }

  /** Once: the run is stayed with until the time is up, and people answer from elsewhere. */
  #tellInbox(): void {
    if (!this.#hasToldInbox)
      this.#options.terminal.tell(
        `             another terminal can answer: ${inboxCommand(this.#options.session)}`,
      );
    this.#hasToldInbox = true;
  }

  #connectionChanged(state: 'lost' | 'back', url: string): void {
    const isLost = state === 'lost';
    const text = isLost
      ? `lost the orchestrator on ${url}; waiting for it to come back`
      : `the orchestrator is back on ${url}`;
    if (this.#display === undefined) this.#options.terminal.tell(text);
    else {
      this.#display.note = isLost ? text : undefined;
      this.#display.update();
    }
  }

  /** Whether tasks wait for an agent that nobody offers: no event of the run says so. */
  async #lookForAgents(): Promise<void> {
    const waiting = new Set(waitingAgents(this.#view));
    if (waiting.size === 0) return;
    try {
      const agents = await agentDocuments(this.#lasting.client, { deadlineMs: AGENTS_MS });
      const isAway = (agent: JsonObject): boolean =>
        agent['state'] === 'offline' || agent['state'] === 'unknown';
      const offline = new Set(agents.filter(isAway).map(({ agent }) => String(agent)));
      const before = this.#view.offline;
      this.#view.offline = offline;
      this.#display?.update();
      if (this.#display !== undefined) return;
      for (const agent of waiting)
        if (offline.has(agent) && !before.has(agent))
          this.#options.terminal.tell(`  waiting    for agent ${agent}: nobody offers it now`);
    } catch {
      // nobody answers now; that is said where the connection is looked after
    }
  }
}

function inboxCommand(session: Session): string {
  return `${ownCommand()} inbox${dataDirOption(session)}`;
}

/** Whether somebody may answer, and the run goes on without an answer after some time. */
function isAskedInTime({ type, data }: JsonEnvelope): boolean {
  const { kind, dueAt } = data as { kind?: string; dueAt?: number };
  return (
    type === 'task.waiting' && dueAt !== undefined && (kind === 'approval' || kind === 'signal')
  );
}

/** Whether what is ready waits for a mutex, and not for a place or an agent. */
function areLocked({ tasks }: RunReport, { lockable }: RunView): boolean {
  return [...lockable].every((id) => tasks[id.split('@')[0] ?? id]?.waitsFor?.['kind'] === 'mutex');
}

function waitingAgents(view: RunView): string[] {
  return [...view.tasks.values()].flatMap(({ state, agent, instances }) => {
    const isWaiting = state === 'ready' || (instances?.byState.get('ready') ?? 0) > 0;
    return isWaiting && agent !== undefined ? [agent] : [];
  });
}

/** 0, 1 or 124. */
function exitCodeOfReport(report: RunReport): number {
  if (report.status === 'succeeded') return exitCodes.done;
  return report.error?.code === 'run.timeout' ? exitCodes.timedOut : exitCodes.failed;
}

/** The result for people: what came out, what went wrong and what to do, how to look at it again. */
function printResult(terminal: Terminal, { report, counts }: FollowedRun, session: Session): void {
  const text = outputText(report.output ?? null);
  if (text !== '') terminal.print(`${text}\n`);
  for (const line of failureLines(report, ownCommand())) terminal.tell(line);
  terminal.print(`Run ${report.runId} ${report.status} after ${duration(report.durationMs)}.`);
  terminal.print(`${tasksText(report, counts)}.`);
  for (const line of answerLines(report, { own: ownCommand(), ending: dataDirOption(session) }))
    terminal.print(line);
  if (session.settings.store === 'memory') return; // nothing is left of it
  terminal.print(`Replay it: ${ownCommand()} replay ${report.runId}${dataDirOption(session)}`);
}
