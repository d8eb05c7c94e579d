/** Measuring for `troupe doctor`. */

/** The median time of so many calls, one after the other, in milliseconds. */
export async function medianMs(calls: number, call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < calls; index += 1) {
    const from = performance.now();
    await call();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(calls / 2)] ?? 0;
}
