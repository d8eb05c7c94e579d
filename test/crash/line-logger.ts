/** The logger of the processes that crash tests start: warnings and errors on stderr, one JSON line each. */
export function lineLogger(room: string) {
  const write = (level: string) => (message: string, fields?: Record<string, unknown>) => {
    process.stderr.write(`${JSON.stringify({ level, room, message, ...fields })}\n`);
  };
  const silent = (): void => {};
  return { debug: silent, info: silent, warn: write('warn'), error: write('error') };
}
