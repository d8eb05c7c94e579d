/** docs/reference/messages.md: every subject, and the body of each message, from the subject builders and the schemas. */
import type { z } from 'zod';
import * as execution from '../../src/messages/execution.ts';
import { failureSchema } from '../../src/messages/failure.ts';
import { jobSchema } from '../../src/messages/job.ts';
import * as logOperations from '../../src/messages/log-operations.ts';
import * as request from '../../src/messages/request.ts';
import { scheduleSchema, timingSchema } from '../../src/messages/schedule.ts';
import { createSubjects } from '../../src/messaging/subjects.ts';
import { code, fence, markdownTable, page } from './markdown.ts';
import { jsonSchemaOf, rowsOf, type Schema, schemaTable, typeText } from './schema-rows.ts';
import { declaration, declarationNote, fieldNotes, readSource } from './source-notes.ts';

/** Built with words that NATS takes as tokens; shown in angle brackets. */
const WORDS = [
  'runId',
  'activation',
  'agent',
  'requestId',
  'name',
  'topic',
  'scope',
  'operation',
] as const;
const subjects = createSubjects();

interface Subject {
  builder: keyof typeof subjects;
  arguments: readonly (typeof WORDS)[number][];
  kind: string;
  carries: string;
}

/** The subjects that are served today. */
export const served: readonly Subject[] = [
  on(
    'request',
    [],
    'request, queue `orchestrators`',
    '[request](#request) → [request reply](#requestreply)',
  ),
  on('hello', [], 'request', 'empty → [hello](#helloreply): who owns the log here'),
  on('runCommand', ['runId'], 'request', '[command](#command) → [command reply](#commandreply)'),
  on('runEvents', ['runId'], 'published', 'an event envelope each, in order of `streamVersion`'),
  on('runHistory', ['runId'], 'request', '[history](#history) → [history reply](#historyreply)'),
  on(
    'taskResult',
    ['runId', 'activation'],
    'request',
    '[result](#result) → `{ack: true}` or a final error',
  ),
  on(
    'taskProgress',
    ['runId', 'activation'],
    'published',
    '[progress](#progress); at most one a second is logged',
  ),
  on(
    'agentInvoke',
    ['agent'],
    'published, queue `agents`',
    '[execution request](#executionrequest) → [accepted](#accepted)',
  ),
  on('agentHeartbeat', ['agent'], 'published', '[heartbeat](#heartbeat)'),
  on(
    'agentProbe',
    ['agent'],
    'request to all workers',
    '[probe](#probe) → [probe reply](#probereply) within 200 ms',
  ),
  on('agentCancel', ['agent'], 'published', '[cancel](#agentcancel)'),
  on(
    'blobPut',
    [],
    'request',
    'up to 512 KiB of bytes, with a header [`Troupe-Blob`](#blobput) → `{sha256, size}` after the last',
  ),
  on('blobGet', [], 'request', '[what is wanted](#blobget) → bytes'),
  on(
    'schedule',
    [],
    'request, queue `orchestrators`',
    '[schedule](#schedule) → [schedule reply](#schedulereply)',
  ),
  on('query', ['name'], 'request', '[query](#query) → [query reply](#queryreply)'),
  on(
    'log',
    ['operation'],
    'request',
    '`stats`, [`collect`](#logcollect) or [`archive`](#logarchive) → a report: what is done to the log itself',
  ),
  on(
    'job',
    [],
    'request, queue `orchestrators`',
    '[job](#job) → [enqueue](#enqueuereply), [job](#jobreply) or [list](#joblistreply) reply',
  ),
];

/** Named by the contract, served by nobody yet. */
export const later: readonly Subject[] = [
  on('intake', [], 'durable door', 'as `request`'),
  on('intakeAnswer', ['requestId'], 'published', 'the answer to it'),
  on('runStream', ['runId'], 'published, never logged', 'tokens and fine-grained progress'),
  on('messageTo', ['agent'], 'published', 'a message to an agent'),
  on('messageTopic', ['topic'], 'published', 'a message to a topic'),
  on('messageAll', [], 'published', 'a message to everybody'),
  on('messageAsk', ['agent'], 'request', 'a question to an agent'),
  on('context', ['scope'], 'request', 'shared context'),
];

function on(
  builder: Subject['builder'],
  given: Subject['arguments'],
  kind: string,
  carries: string,
): Subject {
  return { builder, arguments: given, kind, carries };
}

const EXECUTION = 'src/messages/execution.ts';
const REQUEST = 'src/messages/request.ts';
const JOB = 'src/messages/job.ts';
const SCHEDULE = 'src/messages/schedule.ts';

/** Title, schema, its name in the source, the file. */
const bodies: readonly (readonly [string, z.ZodType, string, string])[] = [
  ['request', request.requestSchema, 'requestSchema', REQUEST],
  ['command', request.commandSchema, 'commandSchema', REQUEST],
  ['history', request.historySchema, 'historySchema', REQUEST],
  ['query', request.querySchema, 'querySchema', REQUEST],
  ['job', jobSchema, 'jobSchema', JOB],
  ['helloReply', request.helloReplySchema, 'helloReplySchema', REQUEST],
  ['blobPut', request.blobPutSchema, 'blobPutSchema', REQUEST],
  ['blobGet', request.blobGetSchema, 'blobGetSchema', REQUEST],
  ['logCollect', logOperations.collectSchema, 'collectSchema', 'src/messages/log-operations.ts'],
  ['logArchive', logOperations.archiveSchema, 'archiveSchema', 'src/messages/log-operations.ts'],
  ['schedule', scheduleSchema, 'scheduleSchema', SCHEDULE],
  ['timing', timingSchema, 'timingSchema', SCHEDULE],
  ['executionRequest', execution.executionRequestSchema, 'executionRequestSchema', EXECUTION],
  ['accepted', execution.acceptedSchema, 'acceptedSchema', EXECUTION],
  ['refused', execution.refusedSchema, 'refusedSchema', EXECUTION],
  ['result', execution.resultSchema, 'resultSchema', EXECUTION],
  ['failure', failureSchema, 'failureSchema', 'src/messages/failure.ts'],
  ['progress', execution.progressSchema, 'progressSchema', EXECUTION],
  ['heartbeat', execution.heartbeatSchema, 'heartbeatSchema', EXECUTION],
  ['probe', execution.probeSchema, 'probeSchema', EXECUTION],
  ['probeReply', execution.probeReplySchema, 'probeReplySchema', EXECUTION],
  ['agentCancel', execution.agentCancelSchema, 'agentCancelSchema', EXECUTION],
];
const replies: readonly (readonly [string, string])[] = [
  ...['RequestReply', 'CommandReply', 'HistoryReply', 'QueryReply'].map(
    (name) => [name, REQUEST] as const,
  ),
  ['ScheduleReply', SCHEDULE],
  ...['EnqueueReply', 'JobReply', 'JobSummary', 'JobListReply'].map((name) => [name, JOB] as const),
];

export function messagesPage(): string {
  return page('Subjects and messages', [
    'The prefix `troupe` is `TROUPE_PREFIX`; the version token stays. Ids have no dots. Bodies are JSON unless the header `Content-Type: application/msgpack` says otherwise. How an agent uses them step by step: [an agent in any language](../guides/agent-in-any-language.md).',
    '## Subjects',
    subjectTable(served),
    'Declared and not served yet:',
    subjectTable(later),
    '## Errors',
    'A refusal has the header `Nats-Service-Error-Code` (400 to 599), `Nats-Service-Error` (a text) and the body `{code, message, hint, details}`. All codes: [errors](errors.md).',
    '## Bodies',
    ...bodies.flatMap(([title, schema, name, file]) => body(title, schema, { name, file })),
    '## Replies',
    ...replies.flatMap(([name, file]) => reply(name, file)),
  ]);
}

/** The subject of an entry, with its variable parts in angle brackets. */
export function subjectText({ builder, arguments: given }: Subject): string {
  const build = subjects[builder] as (...words: string[]) => string;
  const built = build(...given.map((word) => word.toUpperCase()));
  return given.reduce((text, word) => text.replace(word.toUpperCase(), `<${word}>`), built);
}

function subjectTable(list: readonly Subject[]): string {
  return markdownTable(
    ['subject', 'kind', 'body → reply'],
    list.map((entry) => [code(subjectText(entry)), entry.kind, entry.carries]),
  );
}

function body(title: string, schema: z.ZodType, source: { name: string; file: string }): string[] {
  const text = readSource(source.file);
  const notes = fieldNotes(text, source.name);
  const shown = jsonSchemaOf(schema);
  const variants = shown.oneOf ?? shown.anyOf;
  const intro = declarationNote(text, source.name);
  if (variants === undefined) return [`### ${title}`, intro, schemaTable(rowsOf(shown, notes))];
  const [tag = 'type'] = tagsOf(variants);
  return [
    `### ${title}`,
    intro,
    `One of, told apart by \`${tag}\`:`,
    markdownTable(
      [tag, 'other fields (* needed)'],
      variants.map((variant) => [variantName(variant, tag), otherFields(variant, tag)]),
    ),
  ];
}

function tagsOf(variants: readonly Schema[]): string[] {
  return Object.entries(variants[0]?.properties ?? {}).flatMap(([name, field]) =>
    field.const === undefined ? [] : [name],
  );
}

function variantName(variant: Schema, tag: string): string {
  return code(String(variant.properties?.[tag]?.const ?? ''));
}

function otherFields(variant: Schema, tag: string): string {
  return Object.entries(variant.properties ?? {})
    .filter(([name]) => name !== tag)
    .map(([name, field]) => {
      const star =
        variant.required?.includes(name) === true && field.default === undefined ? '*' : '';
      return `${code(name + star)} ${typeText(field)}`;
    })
    .join('; ');
}

function reply(name: string, file: string): string[] {
  const text = readSource(file);
  return [
    `### ${name}`,
    declarationNote(text, name),
    fence(`ts excerpt=${file}`, declaration(text, name)),
  ];
}
