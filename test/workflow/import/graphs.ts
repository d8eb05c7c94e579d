/** The recorded runs, by name. */
import { readdirSync, readFileSync } from 'node:fs';

const fixtures = new URL('./fixtures/', import.meta.url);

export const graphNames: readonly string[] = readdirSync(fixtures)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .sort();

export function graphText(name: string): string {
  return readFileSync(new URL(`${name}.json`, fixtures), 'utf8');
}
