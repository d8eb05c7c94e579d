/**
 * Brings the files that a workflow runs as children into its `workflows`, so that what is sent and recorded depends on no
 * file. Whoever calls this knows where files are; here they are texts with a key.
 *
 * L1 A file is read once, however many tasks name it; files that run each other make recursion, no endless table.
 * L2 Names that the root gave in `workflows` stay; the others are made of the names of files.
 * L3 What cannot be found stays as it is: validation says so, with its place.
 */
import type { FoundChildren } from './child-table.ts';
import { referencesOf, withReferences } from './child-tasks.ts';
import { readJson } from './json-source.ts';
import { MAX_NAME_LENGTH, MAX_SOURCE_LENGTH } from './limits.ts';
import { isObject } from './loose.ts';
import { Findings } from './problems.ts';
import type { JsonObject } from './value.ts';
import { readQuickYaml } from './yaml-quick.ts';
import { readSource } from './yaml-source.ts';

/** A workflow in a file, or what stands for one. */
export interface LinkedFile {
  /** Tells two files apart. */
  readonly key: string;
  /** As people see it. */
  readonly file: string;
  /** What a name for it is made of. */
  readonly stem: string;
  /** Its text; or the value itself. */
  readonly source: string | JsonObject;
}

export interface Linked {
  /** The root with everything that it runs, in the form of a file. */
  readonly workflow: JsonObject;
  /** The files, the root first, each with what its references mean. */
  readonly files: readonly { readonly file: LinkedFile; readonly children: FoundChildren }[];
}

/** The file that a reference in another file means; undefined where there is none. */
export type FindChild = (reference: string, from: LinkedFile) => LinkedFile | undefined;

/** A text of this kind may run children; others need not be read for it. */
const MAY_RUN = /\bworkflow\b/;
/** Files of one table. */
const MAX_FILES = 1_000;

/** False where a text runs no children: then nobody has to read it twice. */
export function mayRunChildren(source: string | JsonObject): boolean {
  return typeof source !== 'string' || MAY_RUN.test(source);
}

/** The value of a text; undefined where it is no map. Says nothing about what is wrong. */
export function sourceValue(
  source: string | JsonObject,
  options: { maxTokens?: number } = {},
): JsonObject | undefined {
  if (typeof source !== 'string') return source;
  if (source.length > MAX_SOURCE_LENGTH) return undefined;
  const value =
    readJson(source)?.value ??
    readQuickYaml(source)?.value ??
    readSource(source, new Findings(), options).value;
  return isObject(value) ? value : undefined;
}

/** The names that a workflow and its own `workflows` run, and that stand for something outside of it. */
export function outsideReferences(source: JsonObject): string[] {
  const own = isObject(source.workflows) ? source.workflows : {};
  const all = [source, ...Object.values(own).filter(isObject)].flatMap(referencesOf);
  return [...new Set(all)].filter((name) => !Object.hasOwn(own, name) && name !== source.name);
}

/** Undefined where nothing outside of the root is found: then it can be sent as it is. */
export function linkWorkflow(
  root: LinkedFile,
  find: FindChild,
  options: { maxTokens?: number } = {},
): Linked | undefined {
  const value = mayRunChildren(root.source) ? sourceValue(root.source, options) : undefined;
  if (value === undefined) return undefined;
  const isAlone = outsideReferences(value).every((name) => find(name, root) === undefined);
  return isAlone ? undefined : new Linker(find).link(root, value);
}

/** One file while its references are looked up. */
interface Unit {
  file: LinkedFile;
  value: JsonObject;
  own: JsonObject;
  names: Map<string, string>;
}

class Linker {
  readonly #find: FindChild;
  readonly #table: Record<string, JsonObject> = {};
  /** Names of the table by the key of a file, or of a child inside one. */
  readonly #nameOf = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #units = new Map<string, Unit>();
  readonly #open: { name: string; unit: Unit; value: JsonObject }[] = [];

  constructor(find: FindChild) {
    this.#find = find;
  }

  link(file: LinkedFile, value: JsonObject): Linked {
    const root = this.#unit(file, value);
    for (const name of Object.keys(root.own)) this.#taken.add(name);
    for (const name of Object.keys(root.own)) this.#ownName(root, name);
    const { workflows: _, ...self } = value;
    const rewritten = this.#rewrite(root, self);
    for (let next = this.#open.shift(); next !== undefined; next = this.#open.shift())
      this.#table[next.name] = this.#rewrite(next.unit, next.value);
    const files = [...this.#units.values()].map((unit) => ({
      file: unit.file,
      children: { table: this.#table, nameOf: (reference: string) => unit.names.get(reference) },
    }));
    return { workflow: { ...rewritten, workflows: this.#table }, files };
  }

  #unit(file: LinkedFile, value: JsonObject): Unit {
    const own = isObject(value.workflows) ? value.workflows : {};
    const unit = { file, value, own, names: new Map<string, string>() };
    this.#units.set(file.key, unit);
    return unit;
  }

  #rewrite(unit: Unit, value: JsonObject): JsonObject {
    return withReferences(value, (reference) => {
      const name = this.#resolve(unit, reference);
      if (name !== undefined) unit.names.set(reference, name);
      return name ?? reference;
    });
  }

  #resolve(unit: Unit, reference: string): string | undefined {
    if (Object.hasOwn(unit.own, reference)) return this.#ownName(unit, reference);
    if (reference === unit.value.name) return this.#fileName(unit.file, unit.value);
    const file = this.#find(reference, unit.file);
    if (file === undefined || this.#units.size >= MAX_FILES) return undefined;
    const known = this.#units.get(file.key)?.value;
    return this.#fileName(file, known ?? sourceValue(file.source) ?? unreadable(file));
  }

  /** A child that stands inside of a file. */
  #ownName(unit: Unit, reference: string): string | undefined {
    const value = unit.own[reference];
    if (!isObject(value)) return undefined;
    const isRoot = this.#units.values().next().value === unit;
    return this.#nameFor(`${unit.file.key}#${reference}`, {
      unit,
      value,
      wanted: reference,
      isGiven: isRoot,
    });
  }

  #fileName(file: LinkedFile, value: JsonObject): string {
    const unit = this.#units.get(file.key) ?? this.#unit(file, value);
    const { workflows: _, ...self } = value;
    return this.#nameFor(file.key, { unit, value: self, wanted: file.stem, isGiven: false });
  }

  #nameFor(
    key: string,
    child: { unit: Unit; value: JsonObject; wanted: string; isGiven: boolean },
  ): string {
    const known = this.#nameOf.get(key);
    if (known !== undefined) return known;
    const { unit, value, wanted, isGiven } = child;
    const name = isGiven ? wanted : this.#free(wanted);
    this.#taken.add(name);
    this.#nameOf.set(key, name);
    this.#open.push({ name, unit, value });
    return name;
  }

  #free(wanted: string): string {
    const plain = wanted.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, MAX_NAME_LENGTH - 5) || 'child';
    let name = plain;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${plain}-${count}`;
    return name;
  }
}

/** A text that is no workflow at all: whoever checks that file says what is wrong with it. */
function unreadable({ stem }: LinkedFile): JsonObject {
  return { name: stem, tasks: [] };
}
