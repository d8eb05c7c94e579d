/**
 * Sends a request and shows the run's events over a plain TCP socket: no client library.
 *
 *     node examples/request.mjs <workflow file> [requestId] [port]
 *
 * The same requestId starts the run once, however often it is sent.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const [file = 'examples/hello.yaml', requestId = randomUUID(), port = '4222'] =
  process.argv.slice(2);
const request = JSON.stringify({ requestId, workflow: readText(file) });
const socket = connect(Number(port), '127.0.0.1');
/** What has arrived and is not a whole message yet. */
let buffer = Buffer.alloc(0);
/** @type {string | undefined} */
let runId;
/** The last event that was shown. */
let shown = 0;

socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n');
socket.write('SUB answer 1\r\nSUB history 2\r\nSUB troupe.v1.run.*.events 3\r\n');
socket.write(`PUB troupe.v1.request answer ${Buffer.byteLength(request)}\r\n${request}\r\n`);
// Whoever reads what is printed may have enough of it, as `head` does.
process.stdout.on('error', () => process.exit());
socket.on('error', (error) => {
  process.exitCode = 1;
  process.stderr.write(`no NATS server on 127.0.0.1:${port} (${error.message})\n`);
  process.stderr.write(
    '  hint: start one with `bin/troupe up`, or give its port as the third word\n',
  );
});
socket.on('data', (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  while (readLine());
});

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    process.stderr.write(`cannot read the workflow: ${/** @type {Error} */ (error).message}\n`);
    process.exit(2);
  }
}

/** Takes one line of the protocol, with its body, off the buffer; false when it is not all there. */
function readLine() {
  const end = buffer.indexOf('\r\n');
  if (end < 0) return false;
  const words = buffer.toString('utf8', 0, end).split(' ');
  const hasBody = words[0] === 'MSG' || words[0] === 'HMSG';
  const size = hasBody ? Number(words.at(-1)) : 0;
  const next = end + 2 + (hasBody ? size + 2 : 0);
  if (buffer.length < next) return false;
  const headers = words[0] === 'HMSG' ? Number(words.at(-2)) : 0;
  const body = buffer.toString('utf8', end + 2 + headers, end + 2 + size);
  buffer = buffer.subarray(next);
  if (words[0] === 'PING') socket.write('PONG\r\n');
  if (hasBody) onMessage(words[1], body);
  return true;
}

/**
 * The answer names the run. Its events may be published twice or missed: `streamVersion` tells, `history` fills.
 * @param {string | undefined} subject
 * @param {string} body
 */
function onMessage(subject, body) {
  if (subject === 'answer') {
    const nobody = 'nobody answers: a NATS server is there, but no orchestrator';
    process.stdout.write(`${body || nobody}\n`);
    runId = JSON.parse(body || '{}').runId;
    if (runId === undefined) {
      process.exitCode = 1;
      socket.end();
    } else askHistory();
  } else if (subject === 'history') {
    const page = JSON.parse(body || '{}');
    page.events?.forEach(onEvent);
    if (page.next !== undefined) askHistory();
  } else if (runId !== undefined && subject === `troupe.v1.run.${runId}.events`) {
    const event = JSON.parse(body);
    if (event.streamVersion > shown + 1) askHistory();
    else onEvent(event);
  }
}

function askHistory() {
  const question = JSON.stringify({ from: shown + 1 });
  socket.write(
    `PUB troupe.v1.run.${runId}.history history ${Buffer.byteLength(question)}\r\n${question}\r\n`,
  );
}

/** @param {{ streamVersion: number, type: string, data: { taskId?: string } }} event */
function onEvent({ streamVersion, type, data }) {
  if (streamVersion !== shown + 1) return;
  shown = streamVersion;
  process.stdout.write(`${streamVersion} ${type} ${data.taskId ?? ''}\n`);
  if (/^run\.(succeeded|failed|canceled)$/.test(type)) socket.end();
}
