/**
 * Secrets are planted and used in every way that leaks them: every adapter, an agent over bare NATS, every kind of
 * failure, kill -9. Then everything that is kept or was said is searched for them.
 * Size: one story with every way of leaking in it, told twice.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ExecutionRequest } from '../../src/messages/execution.ts';
import type { Bus } from '../../src/messaging/bus.ts';
import { connectBus } from '../../src/messaging/nats-bus.ts';
import type { JsonObject } from '../../src/workflow/value.ts';
import { freePort } from '../support/free-ports.ts';
import { FakeWorker } from './fake-worker.ts';
import { subjects, until } from './house.ts';
import { foundBelow, foundIn, KEY_LINES, needlesOf, TOKEN } from './planted.ts';
import { Folder, type Loose } from './troupe.ts';

const KEY = `${KEY_LINES.join('\n')}\n`;
const LEAKING = fileURLToPath(new URL('leaking-worker-process.ts', import.meta.url));
const needles = [TOKEN, KEY.trimEnd(), KEY_LINES[1] ?? '', KEY_LINES[2] ?? ''].flatMap(needlesOf);

/** The last of the tokens is cut off by `max_output`. */
const COMMAND =
  'echo "$T"; echo "$K"; printf "%s" "$T" | base64 -w 20; printf "a%s" "$K" | base64; echo "$T" >&2; head -c 1700 /dev/zero | tr "\\0" z; for i in 1 2 3 4 5 6 7; do echo "$T"; done;';
/** All of `leak`, in one task each. */
const WAYS = ['forms', 'cut', 'error', 'large', 'invalid', 'slow', 'crash'];

const workflow = (keyFile: string, secrets: boolean): string => {
  const token = secrets ? '${secrets.TOKEN}' : '${inputs.token}';
  const key = secrets ? '${secrets.KEY}' : '${inputs.token}';
  return JSON.stringify({
    name: 'planted',
    inputs: { token: { type: 'string', default: 'none' } },
    settings: { on_failure: 'continue', max_parallel: 20 },
    context: { secrets: { TOKEN: { env: 'PLANTED' }, KEY: { file: keyFile } } },
    tasks: [
      {
        id: 'echo',
        agent: 'echo',
        parameters: { a: token, b: `x ${token} ${key}`, c: [{ d: key }] },
      },
      {
        id: 'fail',
        agent: 'fail',
        on_failure: 'skip',
        retry: { max_attempts: 2, delay: 0.01 },
        parameters: { code: token },
      },
      ...[0, 3].map((code) => ({
        ...{ id: `shell-${code}`, agent: 'shell', on_failure: 'skip' },
        parameters: {
          ...{ shell: true, env: { T: token, K: key }, max_output: 2_000 },
          command: `${COMMAND} exit ${code}`,
        },
      })),
      { id: 'no-command', agent: 'shell', on_failure: 'skip', parameters: { command: token } },
      ...(secrets ? WAYS : ['forms', 'error']).map((how) => ({
        ...{ id: how, agent: 'leak', on_failure: 'skip' },
        ...(how === 'slow' ? { timeout: 0.5 } : {}),
        parameters: { how, secret: token },
      })),
      { id: 'bare', agent: 'bare', on_failure: 'skip', parameters: { auth: `Bearer ${token}` } },
      { id: 'bare-failed', agent: 'bare', on_failure: 'skip', parameters: { auth: key } },
      { id: 'bare-late', agent: 'bare', dependencies: ['bare'], parameters: { auth: key } },
    ],
    outputs: {
      echo: '${echo.output}',
      forms: '${default(forms.output, null)}',
      bare: '${bare.output}',
    },
  });
};

let folder: Folder;
let outside: string;
let said: string[];
let bare: FakeWorker | undefined;
let heard: { subject: string; text: string }[];
const children: ChildProcess[] = [];
const buses: Bus[] = [];

beforeEach(() => {
  folder = new Folder();
  outside = mkdtempSync(join(tmpdir(), 'troupe-planted-'));
  writeFileSync(join(outside, 'key'), KEY);
  said = [];
  heard = [];
});
afterEach(async () => {
  await bare?.vanish();
  for (const bus of buses.splice(0)) await bus.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await folder.dispose();
  rmSync(outside, { recursive: true, force: true });
});

/** Keeps what a process says; resolves at its first line. */
async function listen(child: ChildProcess): Promise<void> {
  if (child.stdout === null || child.stderr === null) throw new Error('no output');
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => said.push(line));
  await once(reader, 'line');
}

async function up(port: number): Promise<ChildProcess> {
  const argv = ['up', '--json', '--nats-port', String(port), '--log-level', 'debug'];
  const child = folder.start(argv, { PLANTED: TOKEN });
  await listen(child);
  return child;
}

async function leakingWorker(url: string): Promise<void> {
  const child = spawn(process.execPath, [LEAKING, url, join(folder.path, 'cache')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  child.once('exit', (_code, signal) => {
    // The agent has crashed it: somebody starts it again, on the same cache.
    if (signal === 'SIGKILL' && children.includes(child)) void leakingWorker(url);
  });
  await listen(child);
}

async function connect(url: string, name: string): Promise<Bus> {
  const bus = await connectBus({ url, name });
  buses.push(bus);
  return bus;
}

/** What an agent says that takes nothing out. */
function leakingAnswer({
  runId,
  taskId,
  attempt,
  parameters,
  secrets,
}: ExecutionRequest): JsonObject {
  const all = JSON.stringify({ parameters, secrets });
  const usage = { all, ...secrets };
  if (taskId === 'bare-failed')
    return {
      status: 'failed',
      attempt,
      worker: 'bare',
      usage,
      error: { code: 'bare.failed', message: all, retryable: false },
    };
  return {
    status: 'succeeded',
    attempt,
    worker: 'bare',
    usage,
    output: { runId, all, ...secrets, [all]: [all] },
  };
}

/** Answers, and reports before. */
async function answer(bus: Bus, request: ExecutionRequest): Promise<void> {
  const { attempt, secrets = {}, parameters } = request;
  const message = JSON.stringify({ secrets, parameters });
  bus.publish(request.progress, {
    attempt,
    worker: 'bare',
    percent: 1,
    message,
    usage: { message },
  });
  await bus.request(request.result, leakingAnswer(request), { timeoutMs: 30_000 });
}

/** The report of the run, as the command shows it. */
// Length: what happens, in its order.
async function story(secrets: boolean): Promise<Loose> {
  const port = await freePort();
  let orchestrator = await up(port);
  const url = `nats://127.0.0.1:${port}`;
  const ear = await connect(url, 'ear');
  ear.subscribe('>', {}, (message) => {
    // What an agent over bare NATS says on its own subjects is not ours.
    if (
      !/\.(result|progress)$/.test(message.subject) ||
      !textOf(message.bytes()).includes('"bare"')
    )
      heard.push({ subject: message.subject, text: textOf(message.bytes()) });
  });
  await leakingWorker(url);
  const bus = await connect(url, 'bare');
  bare = await FakeWorker.start({ bus, agent: 'bare', worker: 'bare' });
  const request = {
    requestId: 'planted',
    workflow: workflow(join(outside, 'key'), secrets),
    ...(secrets ? {} : { input: { token: TOKEN } }),
  };
  const reply = await bus.request(subjects.request(), request, { timeoutMs: 10_000 });
  const { runId } = reply.body() as { runId: string };
  await Promise.all([bare.request(1), bare.request(2)]);
  for (const request of bare.requests.slice(0, 2)) await answer(bus, request);
  const late = await bare.request(3);
  if (secrets) {
    const killed = once(orchestrator, 'exit');
    orchestrator.kill('SIGKILL');
    await killed;
    orchestrator = await up(port);
    await until('the connection is back', () => bus.isConnected && ear.isConnected);
    bare.beat();
  }
  await until('the late answer is taken', () =>
    answer(bus, late).then(
      () => true,
      () => false,
    ),
  );
  let report: Loose;
  const commands = [
    ['runs', 'watch', runId],
    ['runs', 'show', runId, '--json'],
    ['replay', runId],
    ['replay', runId, '--json'],
    ['runs', 'report', runId],
    ['graph', '--run', runId],
  ];
  for (const command of secrets ? commands : commands.slice(0, 3)) {
    const { stdout, stderr } = await folder.troupe(command);
    said.push(stdout, stderr);
    if (command[1] === 'show') report = JSON.parse(stdout);
  }
  for (const name of ['runs', 'run_events', 'step_attempts', 'agents']) {
    const reply = await bus
      .request(subjects.query(name), {}, { timeoutMs: 10_000 })
      .catch(() => undefined);
    said.push(reply === undefined ? '' : textOf(reply.bytes()));
  }
  const ended = once(orchestrator, 'exit');
  orchestrator.kill('SIGTERM');
  await ended;
  said.push((await folder.troupe(['log', 'export'])).stdout);
  return report;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

/** The messages that workers get have the values, and in `secrets` alone. */
function isRequest({ subject }: { subject: string }): boolean {
  return /^troupe\.v1\.agent\.[a-z]+\.invoke$/.test(subject);
}

// Length: each place that is searched.
it('are found in execution requests and nowhere else', async () => {
  const { tasks, output } = await story(true);
  for (const id of ['echo', 'forms', 'large', 'crash', 'shell-0', 'bare', 'bare-late'])
    expect(tasks[id], id).toMatchObject({ status: 'success' });
  const codes = [
    'fail',
    'cut',
    'error',
    'slow',
    'invalid',
    'shell-3',
    'no-command',
    'bare-failed',
  ].map((id) => tasks[id].error.code);
  expect(codes).toEqual([
    '[secret:TOKEN]',
    'agent.error',
    'odd.[secret:TOKEN]',
    'task.timeout',
    'value.unsupported',
    'shell.exit',
    'agent.invalid-parameters',
    'bare.failed',
  ]);
  expect(output.echo).toEqual({
    a: '[secret:TOKEN]',
    b: 'x [secret:TOKEN] [secret:KEY]',
    c: [{ d: '[secret:KEY]' }],
  });
  expect(tasks['shell-0'].output).toMatchObject({
    truncated: true,
    stdout: expect.stringContaining('[secret:KEY]'),
  });
  const requests = heard.filter(isRequest);
  expect(requests.length).toBeGreaterThan(12);
  const withoutSecrets = requests.map(({ text }) =>
    JSON.stringify({ ...JSON.parse(text), secrets: undefined }),
  );
  expect(requests.filter(({ text }) => foundIn(text, needles).length > 0).length).toBeGreaterThan(
    12,
  );
  expect(foundIn(withoutSecrets.join('\n'), needles)).toEqual([]);
  const others = heard.filter((message) => !isRequest(message));
  expect(others.length).toBeGreaterThan(100);
  expect(others.filter(({ text }) => foundIn(text, needles).length > 0)).toEqual([]);
  expect(said.join('\n')).toContain('[secret:TOKEN]');
  expect(said.join('\n')).toContain('[secret:KEY]');
  expect(foundIn(said.join('\n'), needles)).toEqual([]);
  expect(foundBelow(folder.path, needles)).toEqual([]);
  // Nothing is left of what was cut off within a secret.
  expect(foundIn(said.join('\n'), [TOKEN.slice(0, 10), TOKEN.slice(0, 5)])).toEqual([]);
});

it('are found everywhere where they come as an ordinary input: the search can fail', async () => {
  await story(false);
  const others = heard.filter((message) => !isRequest(message));
  expect(others.filter(({ text }) => foundIn(text, needles).length > 0).length).toBeGreaterThan(5);
  expect(foundIn(said.join('\n'), needles).length).toBeGreaterThan(5);
  expect(foundBelow(folder.path, needles).length).toBeGreaterThan(5);
});
