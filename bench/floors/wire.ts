/** JSON on the bare `nats` client, as the floors speak it. */
import type { ConnectionOptions, NatsConnection } from 'nats';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const RETRIES = 1_000;
const RETRY_MS = 10;

/** A body as bytes. */
export function encode(body: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(body));
}

/** Bytes as a body. */
export function decode(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes));
}

/** Connects, and tries again while the server is not there yet. */
export async function connectTo(
  connect: (options: ConnectionOptions) => Promise<NatsConnection>,
  url: string,
): Promise<NatsConnection> {
  const options = { servers: url, noAsyncTraces: true };
  for (let tries = 1; ; tries += 1) {
    try {
      return await connect(options);
    } catch (error) {
      if (tries >= RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
