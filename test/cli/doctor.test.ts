/** `troupe doctor`: what it finds, and that each finding that is not fine has a fix. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { main } from '../../src/cli/main.ts';
import { openLevelLog } from '../../src/log/level-log.ts';
import { type Broker, startBroker } from '../../src/messaging/embedded-broker.ts';
import { memoryTerminal } from './memory-terminal.ts';

let folder: string;
const servers: Server[] = [];
let broker: Broker | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-doctor-'));
});
afterEach(async () => {
  process.exitCode = 0; // `main` sets it for a process that runs out of work
  for (const server of servers.splice(0)) server.close();
  await broker?.close();
  broker = undefined;
  rmSync(folder, { recursive: true, force: true });
});

interface Diagnosis {
  code: number;
  ok: boolean;
  findings: Finding[];
  settings: { name: string; value: unknown; source: string }[];
}

async function diagnose(
  environment: Record<string, string> = {},
  ...options: string[]
): Promise<Diagnosis> {
  const { terminal, stdout } = memoryTerminal();
  const host = { terminal, environment, workingDirectory: folder };
  const code = await main(['doctor', '--json', '--nats-port', '0', ...options], host);
  const document = JSON.parse(stdout()) as Omit<Diagnosis, 'code'>;
  for (const { status, fix } of document.findings) {
    if (status !== 'ok') expect(fix).toMatch(/\S/);
  }
  return { code, ...document };
}

const found = ({ findings }: Diagnosis, area: string, check: string): Finding | undefined =>
  findings.find((finding) => finding.area === area && finding.check === check);

/** A server that says one line to whoever comes. */
async function greeter(line: string): Promise<string> {
  const server = createServer((socket) => socket.end(line));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('finds nothing wrong in an empty folder, and changes nothing there', async () => {
  const done = await diagnose();
  expect(done.code).toBe(0);
  expect(done.findings.filter(({ status }) => status === 'fail')).toEqual([]);
  expect(new Set(done.findings.map(({ area }) => area))).toEqual(
    new Set(['runtime', 'settings', 'disk', 'log', 'nats', 'agents']),
  );
  expect(done.settings).toContainEqual({ name: 'store', value: 'level', source: 'default' });
  expect(done.settings).toContainEqual({ name: 'natsPort', value: 0, source: '--nats-port' });
  expect(readdirSync(folder)).toEqual([]);
});

it('names variables that nobody knows, with the one that was meant', async () => {
  const done = await diagnose({ TROUPE_NATS_PROT: '1', TROUPE_LLM_KEY: 'hidden' });
  expect(found(done, 'settings', 'names')).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('TROUPE_NATS_PROT'),
    fix: 'Did you mean `TROUPE_NATS_PORT`?',
  });
  expect(done.code).toBe(0);
  expect(JSON.stringify(done)).not.toContain('hidden');
});

it('fails with settings that do not fit, each with its source', async () => {
  const done = await diagnose({ TROUPE_STORE: 'disk', TROUPE_CONCURRENCY: 'many' });
  expect(done).toMatchObject({ code: 1, ok: false });
  const invalid = done.findings.filter(
    ({ area, status }) => area === 'settings' && status === 'fail',
  );
  expect(invalid.map(({ message }) => message.split(':')[0]).sort()).toEqual([
    'TROUPE_CONCURRENCY',
    'TROUPE_STORE',
  ]);
});

it('warns of settings that have no effect beside each other', async () => {
  const done = await diagnose({ TROUPE_STORE: 'memory', TROUPE_DURABILITY: 'relaxed' });
  const texts = done.findings.filter(({ check }) => check === 'conflict').map((one) => one.message);
  expect(texts).toEqual([
    expect.stringContaining('nothing survives'),
    expect.stringContaining('power loss'),
  ]);
});

it('reads what a server says of itself, and does not show its password', async () => {
  broker = await startBroker({ port: 0 });
  const url = broker.url.replace('//', '//me:secret@');
  const done = await diagnose({ TROUPE_NATS_URL: url }, '--data-dir', 'data');
  expect(found(done, 'nats', 'server')?.message).toMatch(/version \d+\.\d+/);
  expect(found(done, 'nats', 'payload')?.status).toBe('ok');
  expect(found(done, 'nats', 'round-trip')).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(/\d ms$/),
  });
  expect(found(done, 'nats', 'orchestrator')?.status).toBe('warn');
  expect(found(done, 'settings', 'conflict')?.message).toContain('--nats-port has no effect');
  expect(JSON.stringify(done)).not.toContain('secret');
});

it('fails where no server is, where something else answers, and where messages are too small', async () => {
  const nobody = await diagnose({ TROUPE_NATS_URL: 'nats://127.0.0.1:1' });
  expect(nobody.code).toBe(1);
  expect(found(nobody, 'nats', 'server')?.status).toBe('fail');
  const other = await diagnose({ TROUPE_NATS_URL: await greeter('SSH-2.0-x\r\n') });
  expect(found(other, 'nats', 'server')?.message).toContain('does not answer as a NATS server');
  const info = 'INFO {"version":"2.10.0","max_payload":1000,"jetstream":true}\r\n';
  const small = await diagnose({ TROUPE_NATS_URL: await greeter(info) });
  expect(found(small, 'nats', 'payload')?.status).toBe('fail');
  expect(found(small, 'nats', 'jetstream')?.message).toContain('is there');
});

it('opens the log and reads its end; says so when somebody else has it', async () => {
  const directory = join(folder, '.troupe');
  const log = await openLevelLog({ directory });
  const locked = await diagnose();
  expect(found(locked, 'log', 'open')).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('has it open'),
  });
  await log.close();
  const free = await diagnose();
  expect(found(free, 'log', 'open')?.message).toContain(log.logId);
  expect(found(free, 'log', 'check')?.status).toBe('ok');
});

it('fails where the data directory cannot be', async () => {
  writeFileSync(join(folder, 'file'), '');
  const done = await diagnose({}, '--data-dir', join(folder, 'file', 'data'));
  expect(done.code).toBe(1);
  expect(found(done, 'disk', 'folder')?.status).toBe('fail');
});

it('names agents that workflows of the folder need and nobody offers', async () => {
  mkdirSync(join(folder, 'workflows'));
  const write = (name: string, agent: string): void =>
    writeFileSync(
      join(folder, 'workflows', name),
      `name: one\ntasks: [{ id: a, agent: ${agent} }]\n`,
    );
  const shipped = join(import.meta.dirname, '../../workflows/research-swarm.yaml');
  symlinkSync(shipped, join(folder, 'workflows', 'research-swarm.yaml'));
  expect(found(await diagnose(), 'agents', 'missing')).toBeUndefined(); // it is a template
  write('fine.yaml', 'echo');
  expect(found(await diagnose(), 'agents', 'needed')?.status).toBe('ok');
  write('other.yaml', 'astrologer');
  writeFileSync(join(folder, 'workflows', 'bad.yaml'), 'name: [');
  mkdirSync(join(folder, 'workflows', 'a-folder.yaml')); // no file, so no workflow
  const done = await diagnose();
  expect(found(done, 'agents', 'missing')).toMatchObject({
    status: 'warn',
    message: expect.stringMatching(/nobody offers astrologer.*other\.yaml/),
  });
  expect(found(done, 'agents', 'workflow')?.message).toContain('bad.yaml');
  expect(done.code).toBe(0);
});
