/**
 * NATS over TLS, with a real nats-server and certificates that were made for it: secrets travel, and what is wrong with a
 * certificate is said. 0.0.0.0 stands for another host: it is reached here, and is no name of this one.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Authority, type Certificate } from '../support/certificates.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { Folder, type Loose } from './troupe.ts';

const SECRET = 'a secret that only TLS may carry';
let folder: Folder;
let authority: Authority;
let server: Certificate;
let nats: NatsServer | undefined;

beforeAll(() => {
  folder = new Folder();
  authority = new Authority(folder.path);
  server = authority.sign('server', 'IP:0.0.0.0,DNS:localhost');
  folder.write('token', SECRET);
  folder.write('uses-secret.json', JSON.stringify(workflow));
});
afterEach(async () => {
  await nats?.stop();
  nats = undefined;
});
afterAll(() => folder.dispose());

const workflow = {
  name: 'uses-secret',
  context: { secrets: { TOKEN: { file: 'token' } } },
  tasks: [
    {
      ...{ id: 'a', agent: 'shell' },
      parameters: {
        ...{ command: 'sh', args: ['-c', 'printf %s "$TOKEN" | sha256sum'] },
        env: { TOKEN: '${secrets.TOKEN}' },
      },
    },
  ],
  outputs: { digest: '${a.output.stdout}' },
};

async function serve(certificate: Certificate | undefined, ...more: string[]): Promise<string> {
  const tls =
    certificate === undefined
      ? []
      : ['--tls', '--tlscert', certificate.cert, '--tlskey', certificate.key];
  nats = await startNatsServer({ args: [...tls, ...more] });
  return `0.0.0.0:${nats.port}`;
}

it('carries a secret to an agent, also of a worker in another process', async () => {
  const place = await serve(server);
  const where = ['--nats-url', `tls://${place}`, '--nats-ca', authority.cert];
  const up = await folder.up(...where);
  expect(up.nats).toBe(`tls://${place}`);
  const joined = folder.start(['worker', '--json', ...where]);
  const [ready] = (await once(createInterface({ input: joined.stdout as never }), 'line')) as [
    string,
  ];
  expect(JSON.parse(ready)).toMatchObject({ ready: true });
  const digest = createHash('sha256').update(SECRET).digest('hex');
  // The authority alone asks for TLS as well, by a variable; without a URL `up.json` says where.
  const environment = { TROUPE_NATS_URL: `nats://${place}`, TROUPE_NATS_CA: authority.cert };
  for (const given of [environment, { TROUPE_NATS_CA: authority.cert }]) {
    const ran = await folder.troupe(['run', 'uses-secret.json', '--json'], given);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect(ran.json().output.digest).toContain(digest);
  }
  const doctor = await folder.troupe(['doctor', '--json'], environment);
  const findings = doctor.json().findings.filter(({ area }: Loose) => area === 'nats');
  expect(findings.map(({ status }: Loose) => status)).not.toContain('fail');
  expect(JSON.stringify(findings)).not.toContain('not encrypted');
  await up.end('SIGTERM');
});

it('carries none in clear text: the attempt fails with secret.insecure-transport', async () => {
  const place = await serve(undefined);
  const words = ['run', 'uses-secret.json', '--json', '--nats-url', `nats://${place}`];
  const ran = await folder.troupe(words, { TROUPE_DATA_DIR: 'clear' });
  expect([ran.code, ran.json().tasks.a.error.code]).toEqual([1, 'secret.insecure-transport']);
});

/** What a command says that cannot connect. */
async function refused(...where: string[]): Promise<Loose> {
  const ran = await folder.troupe(['runs', 'list', '--json', ...where]);
  expect(ran.code, ran.stderr).toBe(1);
  return ran.json().error;
}

it('says what is wrong with a certificate, at once', async () => {
  const trusted = ['--nats-ca', authority.cert];
  const other = new Authority(folder.path, 'other');
  const cases: [Certificate | undefined, string, string[], string, RegExp][] = [
    [server, 'tls', ['--nats-ca', other.cert], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /--nats-ca/],
    [server, 'tls', [], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /--nats-ca/],
    [authority.sign('over', 'IP:0.0.0.0', -1), 'tls', trusted, 'CERT_HAS_EXPIRED', /renew it/],
    [
      authority.sign('elsewhere', 'DNS:localhost,IP:10.9.8.7'),
      'tls',
      trusted,
      'ERR_TLS_CERT_ALTNAME_INVALID',
      /subjectAltName/,
    ],
    [undefined, 'tls', trusted, 'SERVER_OPT_NA', /Give the server a certificate/],
    [undefined, 'nats', trusted, 'SERVER_OPT_NA', /Give the server a certificate/],
  ];
  for (const [certificate, scheme, files, reason, hint] of cases) {
    const place = await serve(certificate);
    const error = await refused('--nats-url', `${scheme}://${place}`, ...files);
    expect(error, reason).toMatchObject({ code: 'bus.tls-failed', details: { reason } });
    expect(error.hint).toMatch(hint);
    await nats?.stop();
  }
});

it('shows a certificate of its own where the server wants one', async () => {
  const place = await serve(server, '--tlsverify', '--tlscacert', authority.cert);
  const where = ['--nats-url', `tls://${place}`, '--nats-ca', authority.cert];
  const error = await refused(...where);
  expect(error.code).toBe('bus.tls-failed');
  expect(error.hint).toContain('--nats-cert and --nats-key');
  const { cert, key } = authority.sign('client', 'DNS:client');
  const own = ['--nats-cert', cert, '--nats-key', key];
  const ran = await folder.troupe(['run', 'uses-secret.json', '--json', ...where, ...own], {
    TROUPE_DATA_DIR: 'verified',
  });
  expect(ran.code, ran.stdout).toBe(0);
});

it('names a file that is not there, and a certificate without its key', async () => {
  const place = await serve(server);
  const where = ['--nats-url', `tls://${place}`];
  const gone = await refused(...where, '--nats-ca', 'nowhere.pem');
  expect(gone).toMatchObject({ code: 'bus.tls-file' });
  expect(gone.details.path).toContain('nowhere.pem');
  const lone = await folder.troupe(['runs', 'list', '--json', ...where, '--nats-cert', 'c.pem']);
  expect([lone.code, lone.json().error.code]).toEqual([2, 'settings.invalid']);
});
