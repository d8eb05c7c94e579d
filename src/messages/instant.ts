/** Points in time as a message names them. */
import { z } from 'zod';

/** 1 January 2000: a number below it counts seconds, most likely. */
const EARLIEST_MS = 946_684_800_000;
const LATEST_MS = 8_640_000_000_000_000;

/** Milliseconds since the epoch, or an ISO 8601 time with its zone (`2031-05-01T08:00:00Z`). Milliseconds come out. */
export const instantSchema = z.union(
  [
    z.number().int().min(EARLIEST_MS).max(LATEST_MS),
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  ],
  'milliseconds since the epoch, or an ISO 8601 time with its zone',
);
