/**
 * The limits of agents and of keys: how many attempts at once, and how often one begins. Memory only.
 *
 * G1 Attempts that run are counted by their holder whether a limit is set or not, so that a limit that comes later is
 *    right at once.
 * G2 A bucket begins with one token: what was taken before a restart is not known. It stays when other limits change.
 */
import { entryOf, type GateLimits, type Limits, type OfferedRate } from '../../messages/limits.ts';
import { afterToken, bucketAt, nextTokenAt, parseRate, type Rate } from '../../policies/rate.ts';

/** Buckets of names that only `*` covers; the oldest are forgotten, and begin anew. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  rate: Rate;
  fullAt: number;
}

export type GateKind = 'agent' | 'key';
/** What the workers of an agent say stands apart from what the setting says: each has its bucket, and both must pass. */
type BucketKind = GateKind | 'offer';

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
  readonly #offered = new Map<string, OfferedRate>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** False: nothing is ever in the way. */
  get hasAny(): boolean {
    const { agents, keys } = this.#limits;
    return agents !== undefined || keys !== undefined || this.#offered.size > 0;
  }

  configure(limits: Limits): void {
    this.#limits = limits;
    for (const key of this.#buckets.keys()) this.#review(key);
  }

  /** What the workers of an agent say of its rate; undefined: nothing (any more). True where that is new. */
  offer(agent: string, offered: OfferedRate | undefined): boolean {
    const before = this.#offered.get(agent);
    if (before?.rate === offered?.rate && before?.burst === offered?.burst) return false;
    if (offered === undefined) this.#offered.delete(agent);
    else this.#offered.set(agent, offered);
    this.#review(`offer:${agent}`);
    return true;
  }

  /** A bucket of another rate than the one that holds now is gone. */
  #review(key: string): void {
    const rate = this.#buckets.get(key)?.rate;
    if (rate === undefined) return;
    const separator = key.indexOf(':');
    const name = key.slice(separator + 1);
    const now = rateOf(this.#entry(key.slice(0, separator) as BucketKind, name));
    if (now?.intervalMs !== rate.intervalMs || now.burst !== rate.burst) this.#buckets.delete(key);
  }

  /** Undefined where one more may begin. */
  obstacle(
    kind: GateKind,
    name: string,
    now: { inHand: number; at: number },
  ): Obstacle | undefined {
    const concurrency = this.#entry(kind, name)?.concurrency;
    if (concurrency !== undefined && now.inHand >= concurrency)
      return { kind: 'slot', of: kind, name, limit: concurrency };
    let found: Obstacle | undefined;
    for (const each of bucketsOf(kind)) {
      const rate = this.#entry(each, name)?.rate;
      const bucket = this.#bucket(each, name, now.at);
      if (bucket === undefined || rate === undefined) continue;
      const dueAt = Math.ceil(nextTokenAt(bucket.rate, bucket.fullAt));
      if (dueAt > now.at && (found?.kind !== 'rate' || dueAt > found.dueAt))
        found = { kind: 'rate', of: kind, name, rate, dueAt };
    }
    return found;
  }

  /** One begins. */
  pass(kind: GateKind, name: string, at: number): void {
    for (const each of bucketsOf(kind)) {
      const bucket = this.#bucket(each, name, at);
      if (bucket !== undefined) bucket.fullAt = afterToken(bucket.rate, bucket.fullAt, at);
    }
  }

  /** One that passed did not begin after all. */
  giveBack(kind: GateKind, name: string): void {
    for (const each of bucketsOf(kind)) {
      const bucket = this.#buckets.get(`${each}:${name}`);
      if (bucket !== undefined) bucket.fullAt -= bucket.rate.intervalMs;
    }
  }

  #entry(kind: BucketKind, name: string): GateLimits | undefined {
    if (kind === 'offer') return this.#offered.get(name);
    return entryOf(kind === 'agent' ? this.#limits.agents : this.#limits.keys, name);
  }

  #bucket(kind: BucketKind, name: string, at: number): Bucket | undefined {
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

const AGENT_BUCKETS: readonly BucketKind[] = ['agent', 'offer'];
const KEY_BUCKETS: readonly BucketKind[] = ['key'];

function bucketsOf(kind: GateKind): readonly BucketKind[] {
  return kind === 'agent' ? AGENT_BUCKETS : KEY_BUCKETS;
}

function rateOf(limits: GateLimits | undefined): Rate | undefined {
  return limits?.rate === undefined ? undefined : parseRate(limits.rate, limits.burst);
}
