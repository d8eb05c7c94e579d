/** Exit codes of every command (contracts.md, Command line). */
export const exitCodes = {
  done: 0,
  /** The run failed or was canceled, or a check found a difference. */
  failed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  waitingForPerson: 5,
  timedOut: 124,
  interrupted: 130,
} as const;

const USAGE_CODES: ReadonlySet<string> = new Set([
  'cli.usage',
  'cli.file-unreadable',
  'cli.file-unwritable',
  'settings.invalid',
  'workflow.invalid',
  'adapt.invalid',
  'request.invalid',
  'planning.unavailable',
  'input.invalid',
  'import.invalid',
  'import.too-long',
  'schedule.invalid',
  'expression.invalid',
  'value.unsupported',
  'payload.too-large',
  'secret.literal',
  'log.import-refused',
  'query.invalid',
  'query.unknown',
  'projection.unknown',
  'subject.invalid-token',
  'agent.unknown',
  'fork.invalid',
  'run.not-reproducible',
]);
const CONFLICT_CODES: ReadonlySet<string> = new Set([
  'orchestrator.duplicate',
  'log.locked',
  'worker.cache-locked',
  'request.conflict',
  'broker.port-in-use',
  'data-directory.busy',
  'cli.file-conflict',
  'quota.exceeded',
  'permission.denied',
  'schedule.overlap',
  'schedule.paused',
]);
const TIMEOUT_CODES: ReadonlySet<string> = new Set(['run.timeout', 'cli.timeout']);

/** The exit code for an error with this stable code; 1 where nothing more exact is promised. */
export function exitCodeOf(code: string): number {
  if (USAGE_CODES.has(code) || code.startsWith('message.invalid')) return exitCodes.usage;
  if (code.endsWith('.not-found')) return exitCodes.notFound;
  if (CONFLICT_CODES.has(code) || code.endsWith('.conflict')) return exitCodes.conflict;
  if (TIMEOUT_CODES.has(code)) return exitCodes.timedOut;
  if (code === 'cli.interrupted') return exitCodes.interrupted;
  return exitCodes.failed;
}
