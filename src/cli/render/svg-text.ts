/** Text inside SVG, and its style. Pure. */

/** Everything that XML 1.0 does not allow in a document, escaped or not. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** A text as the content of an element. */
export function text(value: string): string {
  return value
    .replace(FORBIDDEN, '\u{FFFD}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** A text between double quotes. */
export function attribute(value: string): string {
  return text(value).replaceAll('"', '&quot;');
}

/** Fill and stroke of each state on a light page, then on a dark one. Texts contrast with their box on both. */
const STATES: Readonly<Record<string, readonly [string, string, string, string]>> = {
  planned: ['#eef2ff', '#4f5b93', '#1e2440', '#9aa6e0'],
  never: ['#f3f4f6', '#6b7280', '#1f2430', '#8b93a1'],
  pending: ['#f3f4f6', '#6b7280', '#1f2430', '#8b93a1'],
  retrying: ['#fef3c7', '#b45309', '#3a2a06', '#f0b04a'],
  running: ['#dbeafe', '#1d4ed8', '#10254f', '#7fb0ff'],
  waiting: ['#ede9fe', '#6d28d9', '#2a1a4f', '#b79cf5'],
  success: ['#dcfce7', '#15803d', '#0c2f1a', '#5fcf8b'],
  failed: ['#fee2e2', '#b91c1c', '#43100f', '#ff8a84'],
  skipped: ['#f3f4f6', '#6b7280', '#1f2430', '#8b93a1'],
  canceled: ['#ffedd5', '#c2410c', '#3f1d08', '#f59e66'],
};

function stateRules(fill: number, stroke: number): string {
  return Object.entries(STATES)
    .map(([state, colors]) => `.${state} .box{fill:${colors[fill]};stroke:${colors[stroke]}}`)
    .join('');
}

export const graphStyle = [
  'text{font-family:ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#111827}',
  '.name{font-size:16px;font-weight:600}.id{font-size:13px;font-weight:600}.line{font-size:12px}',
  '.page{fill:#ffffff}.group{fill:none;stroke:#9ca3af;stroke-dasharray:3 4}.box{stroke-width:1.2}',
  '.edge{fill:none;stroke:#6b7280;stroke-width:1.2}.head{fill:#6b7280}',
  '.edge.on_failure{stroke:#b91c1c;stroke-dasharray:6 4}.head.on_failure{fill:#b91c1c}',
  '.edge.after{stroke-dasharray:2 3}',
  '.failed .box{stroke-width:3}.running .box{stroke-width:2}',
  '.skipped .box,.canceled .box{stroke-dasharray:4 3}.never .box{stroke-dasharray:2 3}',
  stateRules(0, 1),
  '@media (prefers-color-scheme:dark){text{fill:#f3f4f6}.page{fill:#12151c}',
  '.edge{stroke:#9ca3af}.head{fill:#9ca3af}.edge.on_failure{stroke:#ff8a84}.head.on_failure{fill:#ff8a84}',
  stateRules(2, 3),
  '}',
].join('');
