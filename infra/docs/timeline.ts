/** A run as SVG, from the timeline that `troupe replay` prints: one row a task, one bar an attempt. */

const EVENT = /^(\d+)\s+\+(\d+\.\d+)s\s+(\S+)\s+(\S+)\s+(\S+)\s/;
const ENDS = /^task\.(succeeded|failed|attemptFailed|canceled)$/;
const ROW = 34;
const LEFT = 130;
const WIDTH = 760;
const TOP = 46;

interface Bar {
  task: string;
  from: number;
  to: number;
  isSuccess: boolean;
}

/** An SVG document. The same text gives the same bytes. */
export function timelinePicture(body: string): string {
  const bars = barsOf(body);
  const tasks = [...new Set(bars.map(({ task }) => task))];
  const end = Math.max(0.001, ...bars.map(({ to }) => to));
  const height = TOP + tasks.length * ROW + 30;
  const x = (seconds: number): number => LEFT + (seconds / end) * (WIDTH - LEFT - 30);
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => mark(x(part * end), part * end, height));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="tasks of a run over time">`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff" stroke="#d0d7de"/>`,
    `<g font-family="system-ui, sans-serif" font-size="13" fill="#1f2328">`,
    ...marks,
    ...tasks.map((task, row) => `<text x="16" y="${TOP + row * ROW + 18}">${task}</text>`),
    ...bars.map((bar) => drawn(bar, { row: tasks.indexOf(bar.task), x })),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function barsOf(body: string): Bar[] {
  const started = new Map<string, number>();
  return body.split('\n').flatMap((line) => {
    const [, , time = '', type = '', task = ''] = EVENT.exec(line) ?? [];
    if (type === 'task.started') started.set(task, Number(time));
    const from = started.get(task);
    if (!ENDS.test(type) || from === undefined) return [];
    started.delete(task);
    const name = task.split('#')[0] ?? task;
    return [{ task: name, from, to: Number(time), isSuccess: type === 'task.succeeded' }];
  });
}

function drawn(bar: Bar, place: { row: number; x: (seconds: number) => number }): string {
  const { row, x } = place;
  const width = Math.max(3, x(bar.to) - x(bar.from)).toFixed(1);
  const colour = bar.isSuccess ? '#2da44e' : '#cf222e';
  const took = `${Math.round((bar.to - bar.from) * 1_000)} ms`;
  const y = TOP + row * ROW;
  return `<rect x="${x(bar.from).toFixed(1)}" y="${y}" width="${width}" height="24" rx="4" fill="${colour}"><title>${bar.task}: ${took}</title></rect>`;
}

function mark(at: number, seconds: number, height: number): string {
  const text = `${Math.round(seconds * 1_000)} ms`;
  return `<line x1="${at.toFixed(1)}" y1="34" x2="${at.toFixed(1)}" y2="${height - 16}" stroke="#d8dee4"/><text x="${at.toFixed(1)}" y="26" text-anchor="middle" fill="#59636e">${text}</text>`;
}
