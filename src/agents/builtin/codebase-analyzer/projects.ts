/** Which project a file belongs to: the nearest manifest above it, within the root. */
import { join } from 'node:path';
import { readIfRegular } from '../regular-file.ts';
import type { Language } from '../syntax/languages.ts';
import type { Project } from './analysis.ts';

interface Kind {
  manifest: string;
  nameOf(text: string): string | undefined;
}

const PACKAGE_JSON: Kind = {
  manifest: 'package.json',
  nameOf(text) {
    try {
      const { name } = JSON.parse(text) as { name?: unknown };
      return typeof name === 'string' ? name : undefined;
    } catch {
      return undefined; // A manifest that npm could not read either names nothing.
    }
  },
};
const KINDS: Partial<Record<Language, Kind>> = {
  typescript: PACKAGE_JSON,
  tsx: PACKAGE_JSON,
  javascript: PACKAGE_JSON,
  go: { manifest: 'go.mod', nameOf: (text) => /^module\s+"?([^\s"]+)/m.exec(text)?.[1] },
  rust: {
    manifest: 'Cargo.toml',
    nameOf: (text) => /^\[package\][^[]*?^name\s*=\s*"([^"]+)"/ms.exec(text)?.[1],
  },
};

/** Folders whose manifest is remembered; a file system is asked once for each. */
const MAX_REMEMBERED = 20_000;

/** Asks once for each folder, as long as one analysis runs. */
export class Projects {
  readonly #root: string;
  readonly #found = new Map<string, Promise<Project | undefined>>();

  /** `root` is absolute. */
  constructor(root: string) {
    this.#root = root;
  }

  /** `file` is relative to the root, in POSIX form. */
  async of(file: string, language: Language): Promise<Project | undefined> {
    const kind = KINDS[language];
    return kind === undefined ? undefined : this.#inFolder(folderOf(file), kind);
  }

  #inFolder(folder: string, kind: Kind): Promise<Project | undefined> {
    const key = `${kind.manifest}\0${folder}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = this.#read(folder, kind);
    if (this.#found.size < MAX_REMEMBERED) this.#found.set(key, found);
    return found;
  }

  async #read(folder: string, kind: Kind): Promise<Project | undefined> {
    const text = (await readIfRegular(join(this.#root, folder, kind.manifest))) ?? '';
    const name = text === '' ? undefined : kind.nameOf(text);
    if (name !== undefined) return { manifest: kind.manifest, name, folder };
    return folder === '' ? undefined : this.#inFolder(folderOf(folder), kind);
  }
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
