/**
 * What waits for all clients of a broker together. A bound for each alone would let many slow ones take the memory of
 * the process.
 *
 * P1 The sum is at most the bound, but for the block that each connection is filling: at the bound the client with the
 *    most is cut off, then the next.
 */

interface Waiting {
  destroy(): void;
}

export class PendingTotal {
  readonly #max: number;
  readonly #byClient = new Map<Waiting, number>();
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How much of the bound is used, 0 to 1. */
  get usedShare(): number {
    return this.#bytes / this.#max;
  }

  /** So many bytes wait for a client now. */
  set(client: Waiting, bytes: number): void {
    this.#bytes += bytes - (this.#byClient.get(client) ?? 0);
    if (bytes === 0) this.#byClient.delete(client);
    else this.#byClient.set(client, bytes);
    while (this.#bytes > this.#max) this.#cutOff();
  }

  forget(client: Waiting): void {
    this.#bytes -= this.#byClient.get(client) ?? 0;
    this.#byClient.delete(client);
  }

  #cutOff(): void {
    let slowest: Waiting | undefined;
    let most = 0;
    for (const [client, bytes] of this.#byClient) {
      if (bytes <= most) continue;
      slowest = client;
      most = bytes;
    }
    if (slowest === undefined) throw new Error('the sum of what waits is wrong');
    this.forget(slowest);
    slowest.destroy();
  }
}
