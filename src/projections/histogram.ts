/**
 * A histogram of durations with fixed buckets: small enough for a document, good enough to read p50 and p99.
 */

/** Upper bounds of the buckets in ms, inclusive; a last bucket takes everything above. */
const bucketBoundsMs: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000, 300_000,
  600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000,
];

/** Durations in ms. `buckets[i]` counts those up to `bucketBoundsMs[i]` and above the bound before. */
export type Histogram = {
  count: number;
  sumMs: number;
  minMs: number;
  maxMs: number;
  buckets: number[];
};

export const emptyHistogram: Histogram = {
  count: 0,
  sumMs: 0,
  minMs: 0,
  maxMs: 0,
  buckets: new Array<number>(bucketBoundsMs.length + 1).fill(0),
};

/** The bucket of a duration. */
export function bucketOf(durationMs: number): number {
  let low = 0;
  let high = bucketBoundsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bucketBoundsMs[middle] as number) < durationMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The histogram with one more duration. */
export function observe(histogram: Histogram, durationMs: number): Histogram {
  const buckets = histogram.buckets.slice();
  const bucket = bucketOf(durationMs);
  buckets[bucket] = (buckets[bucket] as number) + 1;
  return {
    count: histogram.count + 1,
    sumMs: histogram.sumMs + durationMs,
    minMs: histogram.count === 0 ? durationMs : Math.min(histogram.minMs, durationMs),
    maxMs: Math.max(histogram.maxMs, durationMs),
    buckets,
  };
}

/**
 * The duration in ms below which a `share` (0 to 1) of all lies, interpolated within its bucket and never outside
 * `minMs` to `maxMs`; undefined for an empty histogram.
 */
export function quantile(histogram: Histogram, share: number): number | undefined {
  if (histogram.count === 0) return undefined;
  const rank = share * histogram.count;
  let below = 0;
  for (const [index, count] of histogram.buckets.entries()) {
    if (count > 0 && below + count >= rank) {
      const from = Math.max(histogram.minMs, bucketBoundsMs[index - 1] ?? 0);
      const to = Math.min(histogram.maxMs, bucketBoundsMs[index] ?? histogram.maxMs);
      return from + ((to - from) * Math.max(0, rank - below)) / count;
    }
    below += count;
  }
  return histogram.maxMs;
}
