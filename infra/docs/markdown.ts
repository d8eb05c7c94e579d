/** Pieces of Markdown that the generated pages are made of. */

/** What stands at the top of every generated page. */
export const GENERATED =
  '<!-- Made from the sources by `node infra/docs.mjs`. Changes by hand are lost. -->';

/** One table; pipes and line breaks in cells are escaped. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

export function fence(info: string, body: string): string {
  return `\`\`\`${info}\n${body.trimEnd()}\n\`\`\``;
}

/** A page: title, notice, and its parts with one empty line between them. */
export function page(title: string, parts: readonly string[]): string {
  return `${[`# ${title}`, GENERATED, ...parts.filter((part) => part !== '')].join('\n\n')}\n`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}
