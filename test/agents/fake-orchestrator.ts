/** The orchestrator's side of the worker's protocol: dispatches attempts, records results, acknowledges as told. */
import type { Heartbeat, ResultMessage } from '../../src/messages/execution.ts';
import type { Bus, BusMessage } from '../../src/messaging/bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';

export const subjects = createSubjects();
const REQUEST_TIMEOUT_MS = 20_000;

export interface ReceivedResult {
  runId: string;
  body: ResultMessage;
  message: BusMessage;
}

/** How a result is answered; the default acknowledges. `count` is how often this run's result has come, from 1. */
export type Answer = (received: ReceivedResult, count: number) => void;

export class FakeOrchestrator {
  readonly bus: Bus;
  readonly results: ReceivedResult[] = [];
  readonly heartbeats: Heartbeat[] = [];
  readonly progress: JsonObject[] = [];
  answer: Answer = ({ message }) => message.respond({ ack: true });
  #waiting: (() => void)[] = [];

  constructor(bus: Bus) {
    this.bus = bus;
    bus.subscribe(subjects.anyTaskResult(), {}, (message) => {
      const runId = subjects.parseTask(message.subject)?.runId ?? '';
      const received = { runId, body: message.body() as unknown as ResultMessage, message };
      this.results.push(received);
      this.answer(received, this.countOf(runId));
      this.#changed();
    });
    bus.subscribe(subjects.anyHeartbeat(), {}, (message) => {
      this.heartbeats.push(message.body() as unknown as Heartbeat);
      this.#changed();
    });
    bus.subscribe(subjects.anyTaskProgress(), {}, (message) => {
      this.progress.push(message.body() as JsonObject);
      this.#changed();
    });
  }

  countOf(runId: string): number {
    return this.results.filter((result) => result.runId === runId).length;
  }

  /** The execution request for the first attempt of task `t` of a run. */
  requestFor(
    runId: string,
    agent: string,
    parameters: JsonValue = {},
    more: JsonObject = {},
  ): JsonObject {
    return {
      runId,
      taskId: 't',
      attempt: 1,
      key: `${runId}:t:1`,
      agent,
      parameters,
      context: {},
      result: subjects.taskResult(runId, 't'),
      progress: subjects.taskProgress(runId, 't'),
      logId: 'log_test',
      ...more,
    };
  }

  /** Sends an execution request; resolves to the worker's answer. */
  async dispatch(
    runId: string,
    agent: string,
    parameters: JsonValue = {},
    more: JsonObject = {},
  ): Promise<JsonValue> {
    const body = this.requestFor(runId, agent, parameters, more);
    const reply = await this.bus.request(subjects.agentInvoke(agent), body, {
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
    return reply.body();
  }

  cancel(runId: string, agent: string, more: JsonObject = {}): void {
    this.bus.publish(subjects.agentCancel(agent), {
      runId,
      activation: 't',
      attempt: 1,
      reason: 'asked to',
      ...more,
    });
  }

  /** Resolves when the condition holds; it is looked at after every message. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The body of the first result of a run, once it is there. */
  async resultOf(runId: string): Promise<ResultMessage> {
    await this.until(() => this.countOf(runId) > 0);
    return (this.results.find((result) => result.runId === runId) as ReceivedResult).body;
  }

  #changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
