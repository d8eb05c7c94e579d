// Size: one test for each method and its failures.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, connectClient } from '../../src/client/client.ts';
import { followRun } from '../../src/client/follow-run.ts';
import type { JsonEnvelope } from '../../src/events/envelope.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import type { JsonObject, JsonValue } from '../../src/workflow/value.ts';

const subjects = createSubjects();
const RUN = 'run_1';
let broker: Broker;
let bus: Bus;
let client: Client;
let history: JsonEnvelope[];

beforeEach(async () => {
  broker = await startBroker({ port: 0 });
  bus = await connectBus({ url: broker.url, name: 'orchestrator' });
  client = await connectClient({ url: broker.url });
  history = [];
});

afterEach(async () => {
  await client.close();
  await bus.close();
  await broker.close();
});

function event(streamVersion: number, type: string = 'task.progressed'): JsonEnvelope {
  const rest = {
    stream: RUN,
    position: streamVersion,
    schemaVersion: 1,
    at: 1,
    data: {},
    correlationId: 'r',
    causationId: 'c',
  };
  return { id: `evt_${streamVersion}`, streamVersion, type, actor: { kind: 'system' }, ...rest };
}

function publish(...events: JsonEnvelope[]): void {
  for (const one of events) bus.publish(subjects.runEvents(RUN), one as unknown as JsonObject);
}

/** Answers history with pages of at most `pageSize`. */
function serveHistory(pageSize = 1_000): void {
  bus.subscribe(subjects.runHistory(RUN), {}, (message) => {
    const { from, limit } = message.body() as { from: number; limit: number };
    const events = history
      .filter(({ streamVersion }) => streamVersion >= from)
      .slice(0, Math.min(limit, pageSize));
    const last = events.at(-1)?.streamVersion ?? 0;
    const next = last > 0 && last < (history.at(-1)?.streamVersion ?? 0) ? { next: last + 1 } : {};
    message.respond({ events: events as unknown as JsonValue[], ...next });
  });
}

async function versionsOf(events: AsyncIterable<JsonEnvelope>): Promise<number[]> {
  const versions: number[] = [];
  for await (const { streamVersion } of events) versions.push(streamVersion);
  return versions;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('past events come from history, page by page, and end after the terminal one', async () => {
  history = [...range(1, 699).map((version) => event(version)), event(700, 'run.succeeded')];
  serveHistory(100);
  await bus.flush();
  expect(await versionsOf(client.events(RUN))).toEqual(range(1, 700));
  expect(await versionsOf(client.events(RUN, { from: 690 }))).toEqual(range(690, 700));
  expect(await versionsOf(client.events(RUN, { from: 701 }))).toEqual([]);
});

test('live events come once and in order, with losses, repeats and reordering on the feed', async () => {
  history = [event(1), event(2)];
  serveHistory();
  await bus.flush();
  const seen: number[] = [];
  for await (const { streamVersion } of client.events(RUN)) {
    seen.push(streamVersion);
    if (streamVersion !== 2) continue;
    history = [...range(1, 9).map((version) => event(version)), event(10, 'run.failed')];
    publish(
      event(2),
      event(5),
      event(4),
      event(4),
      event(1),
      event(9),
      event(10, 'run.failed'),
      event(10, 'run.failed'),
    );
  }
  expect(seen).toEqual(range(1, 10));
});

test('a terminal event that a retry followed does not end the sequence', async () => {
  history = [event(1), event(2, 'run.failed'), event(3, 'run.retried'), event(4, 'run.succeeded')];
  serveHistory();
  await bus.flush();
  expect(await versionsOf(client.events(RUN))).toEqual([1, 2, 3, 4]);
});

test('a terminal event whose message was lost is found by the regular look at history', async () => {
  history = [event(1)];
  serveHistory();
  await bus.flush();
  const iterator = followRun({ bus, subjects, runId: RUN, checkIntervalMs: 30 });
  expect((await iterator.next()).value?.streamVersion).toBe(1);
  history.push(event(2, 'run.canceled'));
  expect((await iterator.next()).value?.streamVersion).toBe(2);
  expect((await iterator.next()).done).toBe(true);
});

test('events that happened while the connection was down are read after the reconnect', async () => {
  history = [event(1)];
  serveHistory();
  await bus.flush();
  const iterator = client.events(RUN)[Symbol.asyncIterator]();
  await iterator.next();
  const port = broker.port;
  await broker.close();
  history.push(event(2), event(3, 'run.succeeded'));
  broker = await startBroker({ port });
  expect((await iterator.next()).value?.streamVersion).toBe(2);
  expect((await iterator.next()).value?.streamVersion).toBe(3);
});

test('history is asked for as long as the caller says', async () => {
  const asking = client.history(RUN, {}, { deadlineMs: 500 });
  await expect(asking).rejects.toMatchObject({ code: 'bus.no-responders' });
}, 20_000);

test('a slow reader loses nothing: what does not fit is read from history', async () => {
  history = [event(1)];
  serveHistory();
  await bus.flush();
  const iterator = client.events(RUN)[Symbol.asyncIterator]();
  await iterator.next();
  history = [...range(1, 4_999).map((version) => event(version)), event(5_000, 'run.succeeded')];
  publish(...history);
  await bus.flush();
  const rest: number[] = [];
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
    rest.push(next.value.streamVersion);
  expect(rest).toEqual(range(2, 5_000));
});

test('aborting the signal ends the sequence with its reason', async () => {
  serveHistory();
  await bus.flush();
  const controller = new AbortController();
  const iterator = client.events(RUN, { signal: controller.signal })[Symbol.asyncIterator]();
  const next = iterator.next();
  controller.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

test('a request is asked again with the same id until somebody answers', async () => {
  const bodies: JsonObject[] = [];
  const reply = client.request({ text: 'hello' });
  bus.subscribe(subjects.request(), {}, (message) => {
    bodies.push(message.body() as JsonObject);
    if (bodies.length < 3)
      message.respondError({ status: 429, code: 'overloaded', message: 'full', hint: 'later' });
    else
      message.respond({
        runId: RUN,
        events: '',
        workflow: 'w',
        plan: [],
        position: 1,
        idempotent: true,
      });
  });
  expect(await reply).toMatchObject({ runId: RUN });
  expect(new Set(bodies.map(({ requestId }) => requestId)).size).toBe(1);
  expect(bodies[0]?.['requestId']).toMatch(/^req_/);
});

test('a refusal arrives as it was sent, with code and hint, and is not asked again', async () => {
  let count = 0;
  bus.subscribe(subjects.request(), {}, (message) => {
    count += 1;
    message.respondError({
      status: 422,
      code: 'workflow.invalid',
      message: 'bad',
      hint: 'fix it',
      details: { problems: [] },
    });
  });
  await bus.flush();
  await expect(client.request({ workflow: {} })).rejects.toMatchObject({
    code: 'workflow.invalid',
    hint: 'fix it',
    details: { problems: [] },
  });
  expect(count).toBe(1);
});

test('values that JSON cannot carry are refused before anything is sent; undefined fields are dropped', async () => {
  await expect(client.request({ text: 'x', input: { at: 10n } as never })).rejects.toMatchObject({
    code: 'value.unsupported',
  });
  bus.subscribe(subjects.query('runs'), {}, (message) =>
    message.respond({ documents: [{ key: 'k', document: message.body() }], position: 1 }),
  );
  await bus.flush();
  expect(
    (await client.query('runs', { key: undefined as never, limit: 5 })).documents[0]?.document,
  ).toEqual({ limit: 5 });
});

test('nobody there is an error after the deadline', async () => {
  await expect(client.hello({ deadlineMs: 500 })).rejects.toMatchObject({
    code: 'bus.no-responders',
  });
});

function serveRun(report: () => JsonObject): { commands: JsonObject[] } {
  const commands: JsonObject[] = [];
  bus.subscribe(subjects.request(), {}, (message) =>
    message.respond({
      runId: RUN,
      events: '',
      workflow: 'w',
      plan: [],
      position: 1,
      idempotent: true,
    }),
  );
  bus.subscribe(subjects.query('run_report'), {}, (message) =>
    message.respond({ documents: [{ key: RUN, document: report() }], position: 1 }),
  );
  bus.subscribe(subjects.runCommand(RUN), {}, (message) => {
    commands.push(message.body() as JsonObject);
    message.respond({
      runId: RUN,
      status: 'canceling',
      streamVersion: 1,
      position: 1,
      idempotent: true,
    });
  });
  return { commands };
}

test('runWorkflow resolves to the outcome of the run, and onEvent sees every event', async () => {
  const error = { code: 'agent.error', message: 'no', retryable: true };
  const failed = {
    ...running,
    status: 'failed',
    error,
    output: { part: 1 },
    durationMs: 42,
    tasks: {
      a: { status: 'success', attempts: 1 },
      b: { status: 'failed', attempts: 2, error },
    },
  };
  let report: JsonObject = running;
  serveRun(() => report);
  history = [event(1)];
  serveHistory();
  await bus.flush();
  const seen: number[] = [];
  const outcome = await client.runWorkflow({
    workflow: { name: 'w' },
    onEvent: ({ streamVersion }) => {
      seen.push(streamVersion);
      if (streamVersion !== 1) return;
      report = failed;
      publish(event(2), event(3, 'run.failed'));
    },
  });
  expect(seen).toEqual([1, 2, 3]);
  const { code, message } = error;
  expect(outcome).toEqual({
    runId: RUN,
    workflowId: 'w',
    success: false,
    output: { part: 1 },
    executionTimeMs: 42,
    errors: [
      { code, message },
      { taskId: 'b', code, message },
    ],
  });
});

const running = { runId: RUN, name: 'w', status: 'running', output: 1, durationMs: 1, tasks: {} };

test('waitForRun asks again when the report is behind the event', async () => {
  let asked = 0;
  serveRun(() => {
    asked += 1;
    if (asked === 1) publish(event(9, 'run.succeeded'));
    return asked < 4 ? running : { ...running, status: 'succeeded' };
  });
  await bus.flush();
  expect((await client.waitForRun(RUN)).status).toBe('succeeded');
});

test('waitForRun goes on while nobody answers', async () => {
  let isThere = false;
  bus.subscribe(subjects.query('run_report'), {}, (message) => {
    if (isThere) {
      message.respond({ documents: [{ document: { ...running, status: 'succeeded' } }] } as never);
      return;
    }
    isThere = true;
    publish(event(9, 'run.succeeded'));
    message.respondError({ status: 504, code: 'bus.timeout', message: 'no answer', hint: '' });
  });
  await bus.flush();
  const waiting = client.waitForRun(RUN, { deadlineMs: 10 } as { signal?: AbortSignal });
  expect((await waiting).status).toBe('succeeded');
});

test('aborting runWorkflow cancels the run and rejects with the reason', async () => {
  const controller = new AbortController();
  const { commands } = serveRun(() => {
    controller.abort(new Error('stop'));
    return running;
  });
  await bus.flush();
  await expect(client.runWorkflow({ text: 'x', signal: controller.signal })).rejects.toThrow(
    'stop',
  );
  expect(commands).toMatchObject([{ type: 'cancel' }]);
});

test('blobs go and come in chunks, checked by their digest', async () => {
  const blobs = new Map<string, Buffer>();
  const uploads = new Map<string, Uint8Array[]>();
  bus.subscribe(subjects.blobPut(), {}, (message) => {
    const { upload, last } = JSON.parse(message.header('Troupe-Blob') as string) as {
      upload: string;
      last: boolean;
    };
    const parts = [...(uploads.get(upload) ?? []), message.bytes()];
    uploads.set(upload, parts);
    if (!last) return message.respond({});
    const bytes = Buffer.concat(parts);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    blobs.set(sha256, bytes);
    message.respond({ sha256, size: bytes.length });
  });
  bus.subscribe(subjects.blobGet(), {}, (message) => {
    const { sha256, offset } = message.body() as { sha256: string; offset: number };
    message.respondBytes((blobs.get(sha256) as Buffer).subarray(offset, offset + 512 * 1024));
  });
  await bus.flush();
  for (const size of [0, 1, 512 * 1024, 1_500_000]) {
    const bytes = Buffer.alloc(size, 'troupe');
    const reference = await client.putBlob(bytes, { type: 'text/plain' });
    expect(reference).toMatchObject({ size, type: 'text/plain' });
    expect(Buffer.from(await client.getBlob(reference)).equals(bytes)).toBe(true);
    expect(Buffer.from(await client.getBlob({ $blob: reference.$blob })).equals(bytes)).toBe(true);
  }
  const [sha256] = blobs.keys();
  blobs.set(sha256 as string, Buffer.from('other'));
  await expect(client.getBlob({ $blob: `sha256:${sha256}` })).rejects.toMatchObject({
    code: 'blob.corrupt',
  });
});

test('a name that cannot be part of a subject is a rejection, not an exception', async () => {
  const code = 'subject.invalid-token';
  const asked = [
    () => client.query('runs.*'),
    () => client.command('a b', { type: 'pause' }),
    () => client.history('>'),
  ];
  for (const ask of asked) {
    const answer = ask();
    await expect(answer).rejects.toMatchObject({ code });
  }
});
