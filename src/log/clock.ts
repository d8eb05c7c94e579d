/** The clock of the log: it dates files, never events. Milliseconds since the epoch. */
export const systemClock = (): number => Date.now();
