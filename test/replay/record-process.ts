/**
 * `node test/replay/record-process.ts` writes `histories/<version>/`. A release is recorded once; recording it again
 * needs a decision record (contracts.md, Durability promise).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordHistory } from './record.ts';

const manifest = join(import.meta.dirname, '..', '..', 'package.json');
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
const folder = join(import.meta.dirname, 'histories', version);
if (existsSync(join(folder, 'log.jsonl'))) throw new Error(`${folder} is recorded already`);
await recordHistory(folder);
