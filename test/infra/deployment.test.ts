/**
 * The container file, the compose file and the systemd unit, as far as they can be judged without an engine:
 * what they name is there, the commands exist, nothing runs as root.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commands } from '../../src/cli/commands.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('infra/container/Containerfile', () => {
  const steps = read('infra/container/Containerfile')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => {
      const [name = '', ...words] = line.split(/\s+/);
      return { name, words };
    });
  const last = steps.slice(steps.findLastIndex(({ name }) => name === 'FROM'));

  it('builds on images whose major version is fixed, and leaves the tools behind', () => {
    const bases = steps.filter(({ name }) => name === 'FROM').map(({ words }) => words[0]);
    expect(bases.length).toBeGreaterThan(1);
    for (const base of bases) expect(base).toMatch(/^[\w/]+:\d+(-\w+)?$/);
    const copied = last.filter(({ name }) => name === 'COPY').map(({ words }) => words.join(' '));
    expect(copied).toContain('--from=packages /app/node_modules ./node_modules');
    expect(copied).toContain('--from=build /src/dist ./dist');
  });

  it('does not run as root, tells its health, and ends at SIGTERM', () => {
    const of = (wanted: string) => last.find(({ name }) => name === wanted)?.words.join(' ');
    expect(of('USER')).toBe('node');
    expect(of('HEALTHCHECK')).toContain('CMD ["troupe", "runs", "list", "--json"]');
    expect(of('STOPSIGNAL')).toBe('SIGTERM');
    expect(of('ENTRYPOINT')).toBe('["troupe"]');
    expect(of('CMD')).toBe('["up"]');
  });

  it('copies what is there and what the build context lets in', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const sources = steps
      .filter(({ name, words }) => name === 'COPY' && !words[0]?.startsWith('--from'))
      .flatMap(({ words }) => words.slice(0, -1))
      .filter((source) => source !== '.');
    expect(sources.length).toBeGreaterThan(5);
    for (const path of [...allowed, ...sources])
      expect(existsSync(join(root, path)), path).toBe(true);
    for (const source of sources) expect(allowed).toContain(source);
  });
});

describe('infra/container/compose.yaml', () => {
  interface Service {
    command?: string[];
    environment: Record<string, string>;
    volumes: string[];
    user?: string;
    privileged?: boolean;
    cap_drop?: string[];
    depends_on?: Record<string, { condition: string }>;
  }
  const { services, volumes } = parse(read('infra/container/compose.yaml'), { merge: true }) as {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
  };
  const troupe = ['orchestrator', 'worker', 'client'].map((name) => services[name] as Service);

  it('mounts files that are there and volumes that it declares', () => {
    for (const [source = ''] of Object.values(services).flatMap((one) =>
      one.volumes.map((volume) => volume.split(':')),
    )) {
      if (!source.startsWith('.')) expect(Object.keys(volumes)).toContain(source);
      else if (source !== './work')
        expect(existsSync(join(root, 'infra/container', source)), source).toBe(true);
    }
  });

  it('gives each part commands that exist, its own user, and no more rights than it needs', () => {
    for (const service of troupe) {
      const [command] = service.command ?? [];
      if (command !== undefined) expect(Object.keys(commands)).toContain(command);
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service).toMatchObject({ read_only: true, init: true });
    }
    const users = troupe.map(
      ({ environment }) => /\/\/(\w+):/.exec(environment['TROUPE_NATS_URL'] ?? '')?.[1],
    );
    expect(users).toEqual(['orchestrator', 'worker', 'client']);
    for (const user of users) expect(read('infra/nats/users.conf')).toContain(`user: ${user}`);
  });

  it('sets what the configuration of its server asks for', () => {
    const conf = read('infra/container/nats.conf') + read('infra/nats/users.conf');
    const wanted = [...conf.matchAll(/^[^#\n]*:\s*\$(\w+)/gm)].map(([, name = '']) => name);
    expect(wanted.length).toBe(4);
    expect(Object.keys(services['nats']?.environment ?? {}).sort()).toEqual(wanted.sort());
  });
});

describe('infra/systemd/troupe.service', () => {
  const unit = read('infra/systemd/troupe.service');

  it('starts again, as a user of its own, with folders of its own', () => {
    for (const line of [
      'Restart=always',
      'DynamicUser=yes',
      'StateDirectory=troupe',
      'RuntimeDirectory=troupe',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
    ])
      expect(unit.split('\n')).toContain(line);
    // V8 writes machine code: with this the service would not start.
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute=(?!no)/m);
  });

  const analyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  it.runIf(analyze)('is read by systemd without a complaint', () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-unit-'));
    try {
      // The command is not installed here; any program stands for it.
      const path = join(folder, 'troupe.service');
      writeFileSync(path, unit.replace('/usr/local/bin/troupe', process.execPath));
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', path], {
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
