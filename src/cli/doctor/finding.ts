/** What `troupe doctor` finds. */

/** `warn`: it works, and somebody should know; `fail`: something will not work. */
export type FindingStatus = 'ok' | 'warn' | 'fail';
export type Area = 'runtime' | 'settings' | 'disk' | 'log' | 'nats' | 'agents';

export interface Finding {
  area: Area;
  /** Stable within its area: `version`, `fsync`. */
  check: string;
  status: FindingStatus;
  message: string;
  /** What to do; there unless the status is `ok`. */
  fix?: string;
}

/** Findings of one area, in a short form. */
export function findings(area: Area) {
  return {
    ok: (check: string, message: string): Finding => ({ area, check, status: 'ok', message }),
    warn: (check: string, message: string, fix: string): Finding => {
      return { area, check, status: 'warn', message, fix };
    },
    fail: (check: string, message: string, fix: string): Finding => {
      return { area, check, status: 'fail', message, fix };
    },
  };
}
