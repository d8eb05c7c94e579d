/** Keeps the first bytes of a stream and drops the rest, so that the writer is never blocked. */

/** What was kept: text with invalid UTF-8 replaced by U+FFFD, and whether anything was cut off. */
export interface CollectedOutput {
  text: string;
  truncated: boolean;
}

export class OutputCollector {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #kept = 0;
  #truncated = false;

  /** Keeps at most `limit` bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes the next bytes; what goes over the limit is forgotten. */
  add(chunk: Uint8Array): void {
    const room = this.#limit - this.#kept;
    if (chunk.length > room) this.#truncated = true;
    if (room <= 0) return;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#chunks.push(part);
    this.#kept += part.length;
  }

  /** The text so far. A character that the limit cut in two is left out. */
  collect(): CollectedOutput {
    const bytes = Buffer.concat(this.#chunks);
    const text = new TextDecoder().decode(bytes, { stream: this.#truncated });
    return { text, truncated: this.#truncated };
  }
}
