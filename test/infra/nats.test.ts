/** The nats-server configurations of infra/nats: read by the server, started, and used as their comments say. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { connect, Empty, type NatsConnection, RequestStrategy } from 'nats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { builtinAgents } from '../../src/agents/builtin/index.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { Folder } from '../e2e/troupe.ts';
import { freePorts } from '../support/free-ports.ts';
import { findNatsServer, type NatsServer, startNatsServer } from '../support/nats-server.ts';

const configurations = join(import.meta.dirname, '../../infra/nats');
const PASSWORDS = {
  orchestrator: 'orchestrator-pass',
  worker: 'worker-pass',
  client: 'client-pass',
};
type User = keyof typeof PASSWORDS;

let folder: Folder;
const servers: NatsServer[] = [];
const connections: NatsConnection[] = [];

beforeEach(() => {
  folder = new Folder();
  vi.stubEnv('NATS_STORE_DIR', join(folder.path, 'jetstream'));
  for (const [user, password] of Object.entries(PASSWORDS))
    vi.stubEnv(`TROUPE_${user.toUpperCase()}_PASSWORD`, password);
});

afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close();
  await folder.dispose();
  for (const server of servers.splice(0)) await server.stop();
  vi.unstubAllEnvs();
});

/** Starts a server on free ports. */
async function serve(file: string, ...args: string[]): Promise<NatsServer> {
  const path = file.includes('/') ? file : join(configurations, file);
  const server = await startNatsServer({ args: ['-c', path, ...args] });
  servers.push(server);
  return server;
}

function urlFor(user: User, server: { port: number }, scheme = 'nats'): string {
  return `${scheme}://${user}:${PASSWORDS[user]}@127.0.0.1:${server.port}`;
}

/** Resolves when the worker serves. */
async function startWorker(url: string): Promise<void> {
  const cache = join(folder.path, 'worker');
  const worker = folder.start(['worker', '--json', '--nats-url', url, '--cache-dir', cache]);
  if (worker.stdout !== null) await once(worker.stdout, 'data');
}

/** A run whose orchestrator, worker and client each know their own password only. */
async function runApart(urls: Record<User, string>) {
  await folder.up('--no-worker', '--nats-url', urls.orchestrator);
  await startWorker(urls.worker);
  const file = folder.write(
    'two.yaml',
    'name: two\ntasks: [{ id: a, agent: echo, parameters: { n: 1 } }]\n',
  );
  return folder.troupe(['run', file, '--json', '--nats-url', urls.client]);
}

async function connectAs(user: User, { port }: NatsServer): Promise<NatsConnection> {
  const connection = await connect({ port, user, pass: PASSWORDS[user], reconnect: false });
  connections.push(connection);
  return connection;
}

/** What the server says about an action of a user; '' when it allows it. */
async function refusal(
  user: User,
  server: NatsServer,
  act: (connection: NatsConnection) => void,
): Promise<string> {
  const connection = await connectAs(user, server);
  const told: string[] = [];
  void (async () => {
    for await (const { permissionContext } of connection.status())
      told.push(`${permissionContext?.operation} ${permissionContext?.subject}`);
  })();
  act(connection);
  // The server answers in order: what it had to say comes before its answer to the second flush.
  await connection.flush();
  await connection.flush();
  return told.join();
}

/** A key and a certificate for this machine, as PEM files. */
function makeCertificate(): { key: string; certificate: string } {
  const key = join(folder.path, 'key.pem');
  const certificate = join(folder.path, 'cert.pem');
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const request =
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext ${names}`.split(
      ' ',
    );
  const made = spawnSync('openssl', [...request, '-keyout', key, '-out', certificate], {
    encoding: 'utf8',
  });
  expect(made.status, made.stderr).toBe(0);
  return { key, certificate };
}

/** What the server says to a configuration, without starting. */
function checkConfiguration(path: string): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(findNatsServer(), ['-c', path, '-t'], { encoding: 'utf8' });
  return { status, stderr };
}

describe('single.conf', () => {
  it('serves a run on loopback, with JetStream in a folder', async () => {
    const [monitor = 0] = await freePorts(1);
    const server = await serve('single.conf', '-m', String(monitor));
    const file = folder.write('one.yaml', 'name: one\ntasks: [{ id: a, agent: echo }]\n');
    const run = await folder.troupe(['run', file, '--json', '--nats-url', server.url]);
    expect(run).toMatchObject({ code: 0 });
    const answer = await fetch(`http://127.0.0.1:${monitor}/jsz`);
    expect(await answer.json()).toMatchObject({
      config: { store_dir: expect.stringContaining(folder.path) },
    });
  });

  it('says which variable is missing', () => {
    vi.stubEnv('NATS_STORE_DIR', undefined);
    const { status, stderr } = checkConfiguration(join(configurations, 'single.conf'));
    expect(status).not.toBe(0);
    expect(stderr).toContain("'NATS_STORE_DIR'");
  });
});

// Length: one case a line.
describe('users.conf', () => {
  const subjects = createSubjects();
  const result = subjects.taskResult('run_1', 'a');

  beforeEach(async () => {
    await serve(join(configurations, 'users.conf'));
  });

  it('lets orchestrator, worker and client do a run together', async () => {
    const [server] = servers as [NatsServer];
    const run = await runApart({
      orchestrator: urlFor('orchestrator', server),
      worker: urlFor('worker', server),
      client: urlFor('client', server),
    });
    expect(run.stderr).not.toContain('this process is the orchestrator');
    expect(run.json()).toMatchObject({ status: 'succeeded', tasks: { a: { output: { n: 1 } } } });
  });

  it('shows a client every agent of a worker that was there before the orchestrator', async () => {
    const [server] = servers as [NatsServer];
    await startWorker(urlFor('worker', server));
    const client = await connectAs('client', server);
    const names: unknown[] = [];
    const options = { strategy: RequestStrategy.Timer, maxWait: 500 };
    for await (const reply of await client.requestMany('$SRV.PING', Empty, options))
      names.push(reply.json<{ metadata?: { agent?: string } }>().metadata?.agent);
    const expected = builtinAgents().map(({ name }) => name);
    expect(names.sort()).toEqual(expected.sort());
  });

  it.each<[User, string, (connection: NatsConnection) => void]>([
    ['client', `publish ${result}`, (c) => c.publish(result)],
    [
      'client',
      `publish ${subjects.agentInvoke('echo')}`,
      (c) => c.publish(subjects.agentInvoke('echo')),
    ],
    [
      'client',
      `subscription ${subjects.agentInvoke('echo')}`,
      (c) => void c.subscribe(subjects.agentInvoke('echo')),
    ],
    ['worker', `publish ${subjects.request()}`, (c) => c.publish(subjects.request())],
    [
      'worker',
      `publish ${subjects.runCommand('run_1')}`,
      (c) => c.publish(subjects.runCommand('run_1')),
    ],
    [
      'worker',
      `subscription ${subjects.anyRunEvents()}`,
      (c) => void c.subscribe(subjects.anyRunEvents()),
    ],
    ['orchestrator', 'publish other.subject', (c) => c.publish('other.subject')],
  ])('refuses the %s: %s', async (user, expected, act) => {
    expect(await refusal(user, servers[0] as NatsServer, act)).toBe(expected);
  });

  it('is read beside the configuration of the compose file, as it is mounted there', () => {
    const compose = join(configurations, '../container/nats.conf');
    for (const file of [compose, join(configurations, 'users.conf')])
      cpSync(file, join(folder.path, basename(file)));
    const joined = join(folder.path, 'nats.conf');
    expect(checkConfiguration(joined)).toMatchObject({ status: 0 });
  });

  it('refuses whoever has no password', async () => {
    const [server] = servers as [NatsServer];
    await expect(connect({ port: server.port, reconnect: false })).rejects.toThrow(
      /authorization/i,
    );
  });
});

describe('secured.conf', () => {
  it('carries a run over TLS', async () => {
    const { key, certificate } = makeCertificate();
    vi.stubEnv('NATS_TLS_CERT', certificate);
    vi.stubEnv('NATS_TLS_KEY', key);
    vi.stubEnv('NODE_EXTRA_CA_CERTS', certificate);
    const [monitor] = await freePorts(1);
    const server = await serve('secured.conf', '-m', String(monitor));
    const run = await runApart({
      orchestrator: urlFor('orchestrator', server, 'tls'),
      worker: urlFor('worker', server, 'tls'),
      client: urlFor('client', server, 'tls'),
    });
    expect(run.json()).toMatchObject({ status: 'succeeded' });

    // Who does not know the authority does not speak to the server.
    vi.stubEnv('NODE_EXTRA_CA_CERTS', undefined);
    const url = urlFor('client', server, 'tls');
    const refused = await folder.troupe(['runs', 'list', '--nats-url', url]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('certificate') });
  });
});

describe('cluster.conf', () => {
  it('carries a run whose parts are on three nodes, and elects a leader for JetStream', async () => {
    const routes = await freePorts(3);
    const monitors = await freePorts(3);
    vi.stubEnv('NATS_ROUTE_PASSWORD', 'route-pass');
    routes.forEach((port, index) => {
      vi.stubEnv(`NATS_ROUTE_${index + 1}`, `nats-route://route:route-pass@127.0.0.1:${port}`);
    });
    const nodes: NatsServer[] = [];
    for (const [index, port] of routes.entries()) {
      vi.stubEnv('NATS_SERVER_NAME', `node-${index}`);
      vi.stubEnv('NATS_LISTEN', '127.0.0.1:4222');
      vi.stubEnv('NATS_CLUSTER_LISTEN', `127.0.0.1:${port}`);
      vi.stubEnv('NATS_STORE_DIR', join(folder.path, `node-${index}`));
      nodes.push(await serve('cluster.conf', '-m', String(monitors[index])));
    }
    await vi.waitFor(
      async () => {
        const answer = await fetch(`http://127.0.0.1:${monitors[0]}/jsz`);
        const { meta_cluster } = (await answer.json()) as {
          meta_cluster?: { leader?: string; cluster_size?: number };
        };
        expect(meta_cluster).toMatchObject({
          leader: expect.stringMatching(/^node-/),
          cluster_size: 3,
        });
      },
      { timeout: 20_000, interval: 100 },
    );
    const [one, two, three] = nodes as [NatsServer, NatsServer, NatsServer];
    const run = await runApart({
      orchestrator: urlFor('orchestrator', one),
      worker: urlFor('worker', two),
      client: urlFor('client', three),
    });
    expect(run.json()).toMatchObject({ status: 'succeeded' });
  });
});
