/**
 * The limits of agents and of keys: how many attempts at once, and how often one begins. Memory only.
 *
 * G1 Attempts that run are counted by their holder whether a limit is set or not, so that a limit that comes later is
 *    right at once.
 * G2 A bucket begins with one token: what was taken before a restart is not known. It stays when other limits change.
 */
import { entryOf, type GateLimits, type Limits } from '../../messages/limits.ts';
import { afterToken, bucketAt, nextTokenAt, parseRate, type Rate } from '../../policies/rate.ts';

/** Buckets of names that only `*` covers; the oldest are forgotten, and begin anew. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  rate: Rate;
  fullAt: number;
}

export type GateKind = 'agent' | 'key';

/** Why an attempt cannot begin now; what people and programs read. */
export type Obstacle =
  /** Nobody offers the agent, or the capability. */
  | { kind: 'worker'; name: string }
  /** All that may run at once do: of the live workers, of the limit of an agent or a key, of this node. */
  | { kind: 'slot'; of: 'worker' | GateKind | 'node'; name?: string; limit: number }
  /** The next one may begin at `dueAt`, ms since the epoch. */
  | { kind: 'rate'; of: GateKind; name: string; rate: string; dueAt: number };

export class Gates {
  #limits: Limits;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get limits(): Limits {
    return this.#limits;
  }

  configure(limits: Limits): void {
    this.#limits = limits;
    for (const [key, { rate }] of this.#buckets) {
      const separator = key.indexOf(':');
      const now = rateOf(
        this.#entry(key.slice(0, separator) as GateKind, key.slice(separator + 1)),
      );
      if (now?.intervalMs !== rate.intervalMs || now.burst !== rate.burst)
        this.#buckets.delete(key);
    }
  }

  /** Undefined where one more may begin. */
  obstacle(
    kind: GateKind,
    name: string,
    now: { inHand: number; at: number },
  ): Obstacle | undefined {
    const limits = this.#entry(kind, name);
    if (limits === undefined) return undefined;
    const { concurrency, rate } = limits;
    if (concurrency !== undefined && now.inHand >= concurrency)
      return { kind: 'slot', of: kind, name, limit: concurrency };
    const bucket = this.#bucket(kind, name, now.at);
    if (bucket === undefined || rate === undefined) return undefined;
    const dueAt = Math.ceil(nextTokenAt(bucket.rate, bucket.fullAt));
    return dueAt <= now.at ? undefined : { kind: 'rate', of: kind, name, rate, dueAt };
  }

  /** One begins. */
  pass(kind: GateKind, name: string, at: number): void {
    const bucket = this.#bucket(kind, name, at);
    if (bucket !== undefined) bucket.fullAt = afterToken(bucket.rate, bucket.fullAt, at);
  }

  /** One that passed did not begin after all. */
  giveBack(kind: GateKind, name: string): void {
    const bucket = this.#buckets.get(`${kind}:${name}`);
    if (bucket !== undefined) bucket.fullAt -= bucket.rate.intervalMs;
  }

  #entry(kind: GateKind, name: string): GateLimits | undefined {
    return entryOf(kind === 'agent' ? this.#limits.agents : this.#limits.keys, name);
  }

  #bucket(kind: GateKind, name: string, at: number): Bucket | undefined {
    const limits = this.#entry(kind, name);
    if (limits?.rate === undefined) return undefined;
    const key = `${kind}:${name}`;
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const rate = rateOf(limits);
    if (rate === undefined) return undefined;
    if (this.#buckets.size >= MAX_BUCKETS) {
      const oldest = this.#buckets.keys().next();
      if (!oldest.done) this.#buckets.delete(oldest.value);
    }
    const bucket = { rate, fullAt: bucketAt(rate, at) };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

function rateOf(limits: GateLimits | undefined): Rate | undefined {
  return limits?.rate === undefined ? undefined : parseRate(limits.rate, limits.burst);
}
