/** Lines of a text that comes in pieces. */

/**
 * The lines of `pieces`, each without its line feed. Only U+000A ends a line: JSON may hold U+2028 and U+2029 as they
 * are, and Node's own line readers end lines there. Memory is bounded by one line and one piece.
 */
export async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let begun: string[] = [];
  for await (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', from)) {
      begun.push(piece.slice(from, end));
      yield begun.join('');
      begun = [];
      from = end + 1;
    }
    if (from < piece.length) begun.push(piece.slice(from));
  }
  if (begun.length > 0) yield begun.join('');
}
