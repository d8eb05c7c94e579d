/** The clock of the command line; nothing else in this room reads the time. */

/** Milliseconds since the epoch. */
export function now(): number {
  return Date.now();
}
