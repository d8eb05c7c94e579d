/** Rooms: who may import whom, which package belongs to whom, what the pure ones must not touch. */
import { resolveImport, roomOf, type SourceFile, type Violation } from './source-file.ts';

const PURE = ['workflow', 'events', 'messages', 'policies', 'projections', 'machines'] as const;

/** The import table of the architecture: a room may import itself and what stands here. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  workflow: [],
  events: ['workflow'],
  messages: ['workflow', 'events'],
  policies: ['workflow', 'events', 'messages'],
  projections: ['workflow', 'events', 'messages'],
  machines: ['workflow', 'events', 'messages', 'policies'],
  log: ['workflow', 'events'],
  planning: PURE,
  messaging: PURE,
  actors: [...PURE, 'log', 'messaging', 'planning'],
  agents: [...PURE, 'messaging', 'client'],
  client: [...PURE, 'messaging'],
  api: [...PURE, 'messaging', 'client'],
  cli: [...PURE, 'log', 'planning', 'messaging', 'actors', 'agents', 'client', 'api'],
  'index.ts': [...PURE, 'log', 'planning', 'messaging', 'actors', 'agents', 'client', 'api'],
  'testing.ts': [...PURE, 'messaging', 'agents', 'client', 'cli'],
};

/** A package and the only places under src/ that import it. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  level: ['src/log/'],
  'classic-level': ['src/log/'],
  'abstract-level': ['src/log/'],
  msgpackr: ['src/log/', 'src/messaging/wire'],
  nats: ['src/messaging/'],
  xstate: ['src/machines/', 'src/actors/host/'],
};

/** Node modules that compute and touch nothing; workflow hashes values. */
/** Hashes, and libraries that are loaded late: neither reads anything but what it is given. */
const PURE_MODULES: Readonly<Record<string, readonly string[]>> = {
  workflow: ['node:crypto', 'node:module'],
};

const CALLS = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'queueMicrotask'];
const MEMBERS = ['process', 'performance'];
/** Nodes that give an identifier directly below them a meaning of the file's own. */
const DECLARATIONS = ['required_parameter', 'function_declaration', 'import_specifier'];

/** Imports against the table (the command also reads its version in package.json), and rooms that the table does not know. */
export function checkDirection(file: SourceFile): Violation[] {
  const room = roomOf(file.path);
  if (room === undefined) return [];
  const allowed = MAY_IMPORT[room];
  if (!allowed) return [`${file.path} is in a room that the import table does not know: ${room}`];
  return file.imports.flatMap(({ specifier, line }) => {
    const target = resolveImport(file.path, specifier);
    if (target === undefined) return [];
    if (target === 'package.json' && room === 'cli') return [];
    const targetRoom = roomOf(target);
    if (targetRoom === room || (targetRoom && allowed.includes(targetRoom))) return [];
    return [`${file.path}:${line} imports ${target}; ${room} may not`];
  });
}

/** Packages that are imported outside the room that owns them. Only src/ is bound. */
export function checkOwnership(file: SourceFile): Violation[] {
  if (roomOf(file.path) === undefined) return [];
  return file.imports.flatMap(({ specifier, line }) => {
    const owner = OWNERS[packageOf(specifier)];
    if (!owner || owner.some((place) => file.path.startsWith(place))) return [];
    return [`${file.path}:${line} imports ${specifier}; it belongs to ${owner.join(' and ')}`];
  });
}

/** Pure rooms that import a Node module, or use a global that does I/O, waits or reads the process. */
export function checkPurity(file: SourceFile): Violation[] {
  const room = roomOf(file.path) ?? '';
  if (!(PURE as readonly string[]).includes(room)) return [];
  const modules = file.imports
    .filter(({ specifier }) => specifier.startsWith('node:'))
    .filter(({ specifier }) => !PURE_MODULES[room]?.includes(specifier))
    .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}; ${room} is pure`);
  return [...modules, ...impureGlobals(file, room)];
}

function impureGlobals(file: SourceFile, room: string): Violation[] {
  const free = (name: string): boolean => !isDeclared(file, name);
  const calls = CALLS.filter(free);
  const members = MEMBERS.filter(free);
  const rules = [
    ...calls.map((name) => `${name}($$$)`),
    ...members.map((name) => `${name}.$MEMBER`),
  ];
  return rules
    .flatMap((pattern) => file.root.findAll(pattern))
    .map((node) => {
      const line = node.range().start.line + 1;
      return `${file.path}:${line} uses ${node.text().split(/[(\n]/)[0]}; ${room} is pure`;
    });
}

/** True when the file gives `name` a meaning of its own, so that it is not the global. */
function isDeclared(file: SourceFile, name: string): boolean {
  const kinds = DECLARATIONS.map((kind) => ({ kind }));
  const variable = { kind: 'variable_declarator', has: { field: 'name', regex: `^${name}$` } };
  const other = { any: kinds, has: { kind: 'identifier', regex: `^${name}$` } };
  return file.root.find({ rule: { any: [variable, other] } }) !== null;
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
