/** What can be wrong with secrets: a value in the place of a reference, an unknown name, a place where it would be logged. */
import type { Spot } from './expression-findings.ts';
import type { NameTable } from './names.ts';
import type { Finding, Path } from './problems.ts';
import { SECRET_USE } from './secrets.ts';
import { suggest } from './suggest.ts';

/** True for what stands in `context.secrets`, and for that as a whole. */
export function isInSecrets(path: Path): boolean {
  return path[0] === 'context' && path[1] === 'secrets';
}

/** What stands there is perhaps a secret, so it is never repeated (`hidesItsText` in `problems.ts`). */
export function literalSecret(path: Path): Finding {
  const isWhole = path.length < 3;
  const name = isWhole ? 'NAME' : String(path[2]);
  return {
    code: 'secret.literal',
    message: isWhole
      ? '`secrets` is a map of names, each with the place of its value'
      : `\`${name}\` must say where the secret is, and not what it is`,
    hint: `Write \`${name}: { env: VARIABLE }\` or \`${name}: { file: PATH }\`. A secret that was written into a file is known to whoever reads the file: replace it.`,
    path: path.slice(0, 3),
  };
}

/** `secrets` in another place than `context`; what it holds is not repeated either. */
export function misplacedSecrets(path: Path): Finding {
  return {
    code: 'secret.literal',
    message: '`secrets` stands in `context` and nowhere else, with the place of each value',
    hint: 'Write `context: { secrets: { TOKEN: { env: TOKEN } } }`, and `${secrets.TOKEN}` in the parameters of a task.',
    path,
    atKey: true,
  };
}

/** What is wrong with one `${secrets.NAME}`; nothing where an agent gets the value. */
export function secretUse(
  name: string,
  use: { names: Pick<NameTable, 'secrets'>; isForAgent?: boolean },
  place: Pick<Spot, 'path' | 'text' | 'offset'>,
): Finding | undefined {
  const { secrets: declared = {} } = use.names;
  const { text = '', offset = 0 } = place;
  const at = text.indexOf(name, text.indexOf('.', offset) + 1);
  if (!Object.hasOwn(declared, name)) {
    const otherwise = `Declare it: \`context: { secrets: { ${name}: { env: ${name} } } }\`.`;
    return {
      code: 'expression.unknown-name',
      message: `there is no secret \`${name}\``,
      ...suggest(name, Object.keys(declared), otherwise),
      ...place,
      offset: at,
      length: name.length,
    };
  }
  if (use.isForAgent === true) return undefined;
  return {
    code: 'secret.place',
    message: `the secret \`${name}\` would be logged here`,
    hint: SECRET_USE,
    ...place,
    length: at + name.length - offset,
  };
}
