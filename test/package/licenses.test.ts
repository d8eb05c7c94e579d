/** Licences of all dependencies, and the bill of materials that the package carries. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dependencies, isAllowed } from '../../infra/licenses.mjs';

const dist = join(import.meta.dirname, '../../dist');

describe('licences', () => {
  it('of every dependency, also of development, are allowed', () => {
    const all = dependencies();
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((one) => !isAllowed(one))).toEqual([]);
  });

  it('are allowed by expression: one of an OR, all of an AND', () => {
    const shipped = (license: string): boolean => isAllowed({ license, isDevelopment: false });
    expect(shipped('(MIT OR GPL-3.0-only)')).toBe(true);
    for (const license of ['MIT AND GPL-3.0-only', 'GPL-3.0-only', 'MPL-2.0', 'unknown'])
      expect(shipped(license), license).toBe(false);
  });
});

describe('the bill of materials', () => {
  const text = readFileSync(join(dist, 'sbom.cdx.json'), 'utf8');
  const bill = JSON.parse(text) as {
    bomFormat: string;
    metadata: { component: { name: string } };
    components: {
      name: string;
      version: string;
      scope: string;
      licenses?: unknown[];
      hashes?: unknown[];
    }[];
  };

  it('lists what an installation brings along, with version, licence and hash, and nothing else', () => {
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { name: 'troupe' } },
    });
    const listed = bill.components.map(({ name, version }) => `${name}@${version}`);
    const installed = dependencies().filter(({ isDevelopment }) => !isDevelopment);
    expect(new Set(listed)).toEqual(
      new Set(installed.map(({ name, version }) => `${name}@${version}`)),
    );
    // npm records no hash of an optional binary for another platform that its registry did not show it.
    const incomplete = bill.components.filter(
      ({ licenses, hashes, scope }) => !licenses || (!hashes && scope !== 'optional'),
    );
    expect(incomplete).toEqual([]);
  });

  it('names no folder, host or time', () => {
    expect(text).not.toMatch(/\/(home|tmp|work|root)\/|https?:\/\/(?!cyclonedx\.org)|timestamp/);
  });
});
