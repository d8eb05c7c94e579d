/** Pieces of Markdown that the generated pages are made of. */

/** What stands at the top of every generated page. */
export const GENERATED =
  '<!-- Made from the sources by `node infra/docs.mjs`. Changes by hand are lost. -->';

/** One table, its columns aligned as the formatter wants them; pipes and line breaks in cells are escaped. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = [head, ...rows].map((row) => row.map(escaped));
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => [...(row[column] ?? '')].length)),
  );
  const line = (row: readonly string[], fill = ' '): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  const [top = [], ...body] = cells;
  const rule = head.map(() => '');
  return [line(top), line(rule, '-'), ...body.map((row) => line(row))].join('\n');
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
