/** What differs from one run of a command to the next, taken out of its output, so that two runs can be compared. */

const CHANGING: readonly (readonly [RegExp, string])[] = [
  // What is stored grows and shrinks with times and ids.
  [/\b\d+(\.\d+)? (B|kB|MB)\b/g, '<size>'],
  [/\b(run|log|evt|worker)_[0-9a-z][0-9a-z_-]*/g, '$1_ID'],
  [/\bpython-\d+/g, 'python-ID'],
  [/\bsha256:[0-9a-f]{64}/g, 'sha256:HASH'],
  [/\b\d{4}-\d{2}-\d{2}[T ]\d{2}:[\d:.]+(Z| ?[+-]\d{2}:\d{2})/g, 'TIME'],
  [/^\s*\d+\s+\+\d+\.\d+s/gm, 'N +TIME'],
  [/\+\d+\.\d+s/g, '+TIME'],
  [/^\d+ (run|task)\./gm, 'N $1.'],
  [/\b\d+ (h \d+ min|min \d+ s)\b/g, 'DURATION'],
  [/\b\d+(\.\d+)? (ms|s|min|h)\b/g, 'DURATION'],
  [
    /("(?:at|dueAt|startedAt|endedAt|createdAt|durationMs|executionTimeMs|position|time)":)\d+/g,
    '$1N',
  ],
  [/\bpid"?:? ?\d+/g, 'pid N'],
  [/\b\d+ commits\b/g, 'N commits'],
  [/\b\d+ bytes\b/g, 'N bytes'],
  [/\bsize: \d+/g, 'size: N'],
  [/\b(diskBytes|position|logId): \S+/g, '$1: N'],
  [/\bat (version|position) \d+/g, 'at $1 N'],
  [/\bcommits: \d+/g, 'commits: N'],
  [/[ \t]+/g, ' '],
  [/-{3,}/g, '---'],
  [/ $/gm, ''],
];

/** Lines of an output that mean the same, in an order that does not depend on which of two tasks was quicker. */
export function comparable(output: string): string[] {
  let text = output;
  for (const [what, instead] of CHANGING) text = text.replaceAll(what, instead);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}
