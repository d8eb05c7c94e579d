/** The few forms of Markdown that the report has. Every name goes through `code`, so none can break out. */

/** Empty for an empty body. */
export function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

/** Parts with a blank line between them; empty ones are left out. */
export function parts(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}

/** Columns align right where they hold numbers. Empty without rows. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const rule = columns.map((_, index) =>
    rows.every((row) => /^[\d,.]+$/.test(row[index] ?? '')) ? '---:' : '---',
  );
  return [columns, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Inline code that no name can break out of: its fence is longer than any in the name. */
export function code(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...safe.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `\`${safe}\`` : `${fence} ${safe} ${fence}`;
}

/** With a comma between thousands. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 file`, `2 files`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** What a list leaves out, in words; empty when that is nothing. */
export function rest(shown: number, all: number, one: string, many = `${one}s`): string {
  return all > shown ? `And ${count(all - shown, `more ${one}`, `more ${many}`)}.` : '';
}
