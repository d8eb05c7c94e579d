/** Bytes that are no good, and what must come back for them. */
const MSGPACK = { 'Content-Type': 'application/msgpack' };
const encoder = new TextEncoder();

export interface Attack {
  what: string;
  subject: string;
  bytes: Uint8Array;
  headers?: Record<string, string>;
  code: string;
}

export interface Targets {
  root: string;
  /** A run that goes on, with the task `s0` in hand. */
  healthy: string;
  /** A run that has ended. */
  ended: string;
}

export const text = (body: string): Uint8Array => encoder.encode(body);
const json = (body: unknown): Uint8Array => text(JSON.stringify(body));
const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));
const nested = (levels: number): string => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
const echo = (more: object) => ({
  workflow: { name: 'w', tasks: [{ id: 'a', agent: 'echo', parameters: {} }] },
  ...more,
});
const oneTask = (task: object) => json({ workflow: { name: 'w', tasks: [task] } });
/** `{"workflow": {"name": "w", "tasks": []}, "input": {"a": <value>}}` with the value as msgpack bytes. */
const packed = (value: string): Uint8Array =>
  hex(`82a8776f726b666c6f7782a46e616d65a177a57461736b7390a5696e70757481a161${value}`);

/** The same garbage for every door. */
function garbage(door: string, subject: string): Attack[] {
  const rows: [what: string, bytes: Uint8Array, code: string][] = [
    ['half a JSON object', text('{"a":'), 'message.malformed'],
    ['invalid UTF-8', hex('7b2261223a22ff22207d'), 'message.malformed'],
    ['a number', json(5), 'message.invalid'],
    ['a list', json([1, 2]), 'message.invalid'],
    ['a text', json('x'), 'message.invalid'],
    ['a lone surrogate', text('{"a":"\\ud800"}'), 'value.unsupported'],
    ['the key __proto__', text('{"__proto__":{"a":1}}'), 'value.unsupported'],
    ['a number beyond all bounds', text('{"a":1e400}'), 'value.unsupported'],
    ['100 levels', text(`{"a":${nested(100)}}`), 'value.unsupported'],
    ['100,000 levels', text(`{"a":${nested(100_000)}}`), 'value.unsupported'],
  ];
  return rows.map(([what, bytes, code]) => ({ what: `${door}: ${what}`, subject, bytes, code }));
}

function msgpackAttacks(subject: string): Attack[] {
  const rows: [what: string, bytes: Uint8Array, code: string][] = [
    ['NaN', packed('cb7ff8000000000000'), 'value.unsupported'],
    ['Infinity', packed('cb7ff0000000000000'), 'value.unsupported'],
    ['an integer beyond 2^53', packed('cfffffffffffffffff'), 'value.unsupported'],
    ['bytes', packed('c403010203'), 'value.unsupported'],
    ['a timestamp', packed('d6ff00000000'), 'value.unsupported'],
    ['a cut off body', packed('da'), 'message.malformed'],
    ['a length of 4 GiB', packed('ddffffffff'), 'message.malformed'],
  ];
  return rows.map(([what, bytes, code]) => ({
    ...{ what: `msgpack: ${what}`, subject, bytes, code },
    headers: MSGPACK,
  }));
}

function requestAttacks(subject: string): Attack[] {
  const task = { id: 'a', agent: 'echo', parameters: {} };
  const rows: [what: string, bytes: Uint8Array, code: string][] = [
    ['nothing', new Uint8Array(), 'message.invalid'],
    ['a workflow that is a number', json({ workflow: 5 }), 'message.invalid'],
    ['a requestId that is a number', json(echo({ requestId: 5 })), 'message.invalid'],
    ['a field of another name', json(echo({ inputs: { name: 'x' } })), 'message.invalid'],
    [
      'a requestId of 300 characters',
      json(echo({ requestId: 'x'.repeat(300) })),
      'message.invalid',
    ],
    ['a workflow and a text', json(echo({ text: 'x' })), 'message.invalid'],
    ['a deadline before time', json(echo({ deadline: -1 })), 'message.invalid'],
    ['a text', json({ text: 'do it' }), 'planning.unavailable'],
    ['a workflow of no tasks', json({ workflow: { name: 'w' } }), 'workflow.invalid'],
    ['YAML that is none', json({ workflow: 'a: [' }), 'workflow.invalid'],
    ['a task id with a dot', oneTask({ ...task, id: 'a.b' }), 'workflow.invalid'],
    ['a task id with a space', oneTask({ ...task, id: 'a b' }), 'workflow.invalid'],
    ['a task id with a wildcard', oneTask({ ...task, id: '*' }), 'workflow.invalid'],
    ['an agent nobody offers', oneTask({ ...task, agent: 'nobody' }), 'workflow.invalid'],
    ['an agent with a dot', oneTask({ ...task, agent: 'e.c' }), 'workflow.invalid'],
    ['a task after itself', oneTask({ ...task, dependencies: ['a'] }), 'workflow.invalid'],
    ['an input nobody declared as a list', json(echo({ input: [1] })), 'message.invalid'],
  ];
  return rows.map(([what, bytes, code]) => ({ what: `request: ${what}`, subject, bytes, code }));
}

// Length: a table, one row an attack.
function runAttacks({ root, healthy, ended }: Targets): Attack[] {
  const cancel = json({ type: 'cancel' });
  const rows: [what: string, subject: string, bytes: Uint8Array, code: string][] = [
    ['command: a run that is not there', `${root}.run.run_0.command`, cancel, 'run.not-found'],
    ['command: an id of other letters', `${root}.run.été.command`, cancel, 'run.not-found'],
    [
      'command: an id of control characters',
      `${root}.run.\u0001\u0002.command`,
      cancel,
      'run.not-found',
    ],
    ['command: an agent as a run', `${root}.run.agent_echo.command`, cancel, 'run.not-found'],
    ['command: a run that has ended', `${root}.run.${ended}.command`, cancel, 'run.conflict'],
    [
      'command: no such type',
      `${root}.run.${healthy}.command`,
      json({ type: 'dance' }),
      'message.invalid',
    ],
    [
      'command: nothing to release',
      `${root}.run.${healthy}.command`,
      json({ type: 'release' }),
      'run.conflict',
    ],
  ];
  return rows.map(([what, subject, bytes, code]) => ({ what, subject, bytes, code }));
}

// Length: a table, one row an attack.
function questionAttacks({ root, healthy }: Targets): Attack[] {
  const rows: [what: string, subject: string, bytes: Uint8Array, code: string][] = [
    ['history: an agent as a run', `${root}.run.agent_echo.history`, json({}), 'run.not-found'],
    ['history: a run that is not there', `${root}.run.run_0.history`, json({}), 'run.not-found'],
    [
      'history: before the beginning',
      `${root}.run.${healthy}.history`,
      json({ from: 0 }),
      'message.invalid',
    ],
    [
      'history: without end',
      `${root}.run.${healthy}.history`,
      json({ limit: 1e9 }),
      'message.invalid',
    ],
    ['query: no such name', `${root}.query.nothing`, json({}), 'projection.unknown'],
    [
      'history: a field of another name',
      `${root}.run.${healthy}.history`,
      json({ form: 1 }),
      'message.invalid',
    ],
    [
      'query: a field of another name',
      `${root}.query.step_attempts`,
      json({ runId: healthy }),
      'message.invalid',
    ],
    ['query: a limit in words', `${root}.query.runs`, json({ limit: 'all' }), 'message.invalid'],
    [
      'query: an index that is none',
      `${root}.query.runs`,
      json({ index: 'color' }),
      'query.invalid',
    ],
    [
      'report: a run that is not there',
      `${root}.query.run_report`,
      json({ key: 'run_0' }),
      'run.not-found',
    ],
    [
      'report: an agent as a run',
      `${root}.query.run_report`,
      json({ key: 'agent_echo' }),
      'run.not-found',
    ],
  ];
  return rows.map(([what, subject, bytes, code]) => ({ what, subject, bytes, code }));
}

function resultAttacks({ root, healthy, ended }: Targets): Attack[] {
  const good = { status: 'succeeded', attempt: 1, output: 1 };
  const s0 = `${root}.run.${healthy}.task.s0.result`;
  const rows: [what: string, subject: string, body: object, code: string][] = [
    ['an attempt that was never made', s0, { ...good, attempt: 7 }, 'attempt.unknown'],
    ['an attempt number that is none', s0, { ...good, attempt: 1.5 }, 'message.invalid'],
    ['attempt 0', s0, { ...good, attempt: 0 }, 'message.invalid'],
    ['a status that is none', s0, { ...good, status: 'maybe' }, 'message.invalid'],
    ['a failure without an error', s0, { status: 'failed', attempt: 1 }, 'message.invalid'],
    ['of another log', s0, { ...good, logId: 'other' }, 'log.other'],
    ['a worker with a dot', s0, { ...good, worker: 'a.b' }, 'message.invalid'],
    ['no such task', `${root}.run.${healthy}.task.zz.result`, good, 'attempt.unknown'],
    ['no such instance', `${root}.run.${healthy}.task.s0~9.result`, good, 'attempt.unknown'],
    ['no such run', `${root}.run.run_0.task.s0.result`, good, 'run.not-found'],
    [
      'another attempt of an ended run',
      `${root}.run.${ended}.task.a.result`,
      { ...good, attempt: 2 },
      'attempt.unknown',
    ],
  ];
  return rows.map(([what, subject, body, code]) => ({
    ...{ what: `result: ${what}`, subject, bytes: json(body), code },
  }));
}

function blobAttacks(root: string): Attack[] {
  const put = (header: object | string, code: string, what: string): Attack => ({
    ...{ what: `blob: ${what}`, subject: `${root}.blob.put`, bytes: text('x'), code },
    headers: { 'Troupe-Blob': typeof header === 'string' ? header : JSON.stringify(header) },
  });
  const get = (body: object, code: string, what: string): Attack => ({
    ...{ what: `blob: ${what}`, subject: `${root}.blob.get`, bytes: json(body), code },
  });
  return [
    put('{', 'message.invalid', 'a header that is no JSON'),
    put({ upload: 'u' }, 'message.invalid', 'no number'),
    put({ upload: 'u', seq: -1 }, 'message.invalid', 'a number below zero'),
    put({ upload: 'u', seq: 3 }, 'blob.upload-unknown', 'it begins in the middle'),
    get({ sha256: '../../etc/passwd' }, 'message.invalid', 'a path for a hash'),
    get({ sha256: 'a'.repeat(64) }, 'blob.not-found', 'nothing has this hash'),
    get({ sha256: 'a'.repeat(64), offset: -1 }, 'message.invalid', 'an offset below zero'),
  ];
}

/** Everything, each with the code that must come back. */
export function attacks(targets: Targets): Attack[] {
  const { root, healthy } = targets;
  const request = `${root}.request`;
  return [
    ...garbage('request', request),
    ...garbage('command', `${root}.run.${healthy}.command`),
    ...garbage('history', `${root}.run.${healthy}.history`),
    ...garbage('query', `${root}.query.runs`),
    ...garbage('result', `${root}.run.${healthy}.task.s0.result`),
    ...garbage('blob get', `${root}.blob.get`),
    ...msgpackAttacks(request),
    ...requestAttacks(request),
    ...runAttacks(targets),
    ...questionAttacks(targets),
    ...resultAttacks(targets),
    ...blobAttacks(root),
  ];
}
