/** docs/reference/errors.md, from the error classes and from every place that names a code, a message and a hint. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Lang, parse, type SgNode } from '@ast-grep/napi';
import { exitCodeOf, exitCodes } from '../../src/cli/exit-codes.ts';
import { adviceForCode } from '../../src/cli/render/advice.ts';
import { failureCodes } from '../../src/messages/failure.ts';
import { statusOf } from '../../src/messaging/errors.ts';
import { problemRules } from '../../src/workflow/problem-rules.ts';
import { code, markdownTable, page } from './markdown.ts';
import { declarationNote, readSource } from './source-notes.ts';

const root = join(import.meta.dirname, '..', '..');

interface Known {
  code: string;
  meanings: Set<string>;
  hints: Set<string>;
}

/** What the codes mean that are recorded in events, where no error class says it. */
const FAILURES: Readonly<Record<string, string>> = {
  'adapt.history': 'The history of the run does not fit the new version of its workflow.',
  'run.timeout': 'The run was not over after `settings.timeout`.',
  'task.timeout': 'An attempt was not over after the `timeout` of its task.',
  'secret.missing': 'A secret is not where the definition says.',
  'secret.forged':
    'Parameters hold what looks like a reference to a secret, where the definition has none.',
  'secret.insecure-transport': 'Secrets would travel to another host without TLS.',
  'task.canceled': 'The attempt was canceled: by a person, a join, or the end of the run.',
  'run.too-deep': 'A child run would be more levels below the first run than `max_depth` allows.',
  'run.canceled': 'The child run that a task waited for was canceled by somebody else.',
  'run.completed': 'An operator ended the run as failed: `troupe runs complete --status failed`.',
  'remote.error': 'Another process refused without saying a code.',
  'worker.lost':
    'The worker died or fell silent. The next attempt follows at once; after three losses in a row the task has failed.',
  'agent.unavailable': 'No worker offers the agent, or the one that was asked takes no more work.',
  'approval.denied': 'A person rejected the approval, or nobody answered in time.',
  'permission.denied':
    'Who answers an approval, or hands an answer on, is not one of the group and has got no answer of another one.',
  'signal.timeout': 'The signal that a task waited for did not come within its `timeout`.',
  'approval.timeout': 'Not enough people answered an approval within its `timeout`.',
  'task.crashed':
    'The run is in quarantine: a task crashed as often as `settings.quarantine` allows. Mend the agent, then `troupe runs release`.',
  'compensation.failed':
    'What a task did could not be undone: its `compensate` has failed for good.',
  'sandbox.refused':
    'A task of a strict sandbox has other parameters than in the run that it was forked from.',
  'loop.exhausted': 'A loop reached its bound before its condition ended it.',
  'join.unsatisfied': 'Too many instances failed for the `join` of the task.',
  'expression.failed':
    'An expression had no answer when it was evaluated: a missing field, types that do not fit.',
  'payload.too-large': 'A value is larger than what is accepted.',
  'output.invalid': 'The output names a blob that is not stored, or that is no JSON value.',
  'agent.invalid-parameters': 'The parameters of the task do not fit the agent.',
  'agent.failed': 'What the agent `fail` says where it is given no code.',
  'shell.exit': 'The command ended with another exit code than 0, or by a signal.',
  'shell.timeout': 'The command took longer than its own `timeout`.',
  'shell.cwd-not-found': 'The folder in which the command should run is not there.',
  'agent.error': 'The agent threw something without a code of its own.',
};

const REPLAY =
  'See what the attempts were given and answered: `troupe replay <run> --task <task>`.';

/** What to do, where the hint is made for each error out of its facts. */
const HINTS: Readonly<Record<string, string>> = {
  'adapt.conflict': 'That of the problem; all that the run is too far for are listed.',
  'adapt.history': 'Keep the tasks that runs have begun, under their ids.',
  'adapt.invalid': 'That of the problem; all problems of the patch are listed.',
  'agent.canceled': 'Nothing: somebody asked for it.',
  'agent.error': REPLAY,
  'agent.failed': REPLAY,
  'bus.tls-failed':
    'As `details.reason` says: trust the authority with `--nats-ca`, show a certificate with `--nats-cert` and `--nats-key`, or give the server one that is valid for the name in the URL.',
  'permission.denied':
    '`details.voters` names who may answer. One of them can hand the answer on with `troupe runs delegate`.',
  'shell.exit': REPLAY,
  'task.canceled': 'Nothing: somebody asked for it.',
  'task.crashed':
    'See the evidence in `run.quarantined`; `troupe runs reproduce` makes a small log of it.',
  'sandbox.refused': 'Fork without `--strict`: then what changed runs.',
  'run.completed': 'Nothing: an operator decided it.',
  'cli.usage': 'As the command needs it; `troupe <command> --help` has all words and options.',
  'expression.invalid': 'Correct the expression where the message says.',
  'fork.invalid': 'What can be set instead, or at which point.',
  'fork.not-found': 'The nearest name, or the versions, checkpoints and tasks that are there.',
  'import.invalid': 'That of the first problem.',
  'log.io': 'Free space, give permission, or replace the device, as the message says.',
  'schedule.invalid': 'How the field that is wrong is written, with an example.',
  'settings.invalid': 'That of the first setting.',
  'task.not-found': 'The nearest name, or those that are there.',
  'agent.unknown': 'The nearest name, or a worker that offers it.',
  'template.not-found': 'The nearest name, or those that come with Troupe.',
  'workflow.invalid': 'That of the first problem.',
  'workflow.not-found':
    'The nearest name, or: List them with `troupe templates`, or write the path of a file.',
};

/** The codes of one word; other single words are codes of a library. */
const PLAIN = new Set(['internal', 'overloaded', 'unavailable']);

/** All codes with what is said about them, sorted; also those of problems in workflow files. */
export function knownCodes(): Known[] {
  const known = new Map<string, Known>();
  const add = (name: string, meaning: string, hint: string): void => {
    if (!/^[a-z][a-z-]*(\.[a-z-]+)+$/.test(name) && !PLAIN.has(name)) return;
    const entry = known.get(name) ?? { code: name, meanings: new Set(), hints: new Set() };
    if (meaning !== '') entry.meanings.add(meaning);
    if (hint !== '') entry.hints.add(hint);
    known.set(name, entry);
  };
  for (const [name, meaning] of Object.entries(FAILURES)) add(name, meaning, '');
  for (const name of Object.values(failureCodes)) add(name, '', '');
  for (const path of sources()) collect({ path, source: readSource(path) }, add);
  for (const entry of known.values()) explain(entry);
  return [...known.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** What the place of the error does not say: what reports advise, and what the rules of validation are. */
function explain({ code: name, meanings, hints }: Known): void {
  const rule = problemRules[name];
  if (meanings.size === 0 && rule !== undefined) meanings.add(rule.summary);
  const hint = HINTS[name] ?? (hints.size === 0 ? (adviceForCode(name) ?? rule?.help) : undefined);
  if (hint !== undefined) hints.add(hint);
}

export function errorsPage(): string {
  const all = knownCodes();
  const inFiles = all.filter(({ code: name }) => isProblem(name));
  const others = all.filter(({ code: name }) => !isProblem(name));
  const recorded = new Set<string>(Object.values(failureCodes));
  return page('Error codes', [
    'Every error has a stable `code`, a message that says what and where, and a hint that says what to do. On the command line it ends with the exit code shown here; on NATS the header `Nats-Service-Error-Code` has the status. A part in angle brackets is filled in.',
    'Codes that agents choose themselves are recorded as they are.',
    markdownTable(
      ['code', 'meaning', 'hint', 'exit code', 'status', 'recorded in events'],
      others.map((entry) => [
        code(entry.code),
        said(entry.meanings),
        said(entry.hints),
        // Agents fail a task, and a run that fails ends with 1 whatever the code.
        String(isOfAgents(entry.code) ? exitCodes.failed : exitCodeOf(entry.code)),
        String(statusOf(entry.code)),
        recorded.has(entry.code) || isOfAgents(entry.code) ? 'yes' : '',
      ]),
    ),
    '## Problems in workflow files and inputs',
    'One `workflow.invalid` or `input.invalid` lists all problems. Each has one of these codes, and its place.',
    markdownTable(
      ['code', 'what is said', 'hint'],
      inFiles.map((entry) => [code(entry.code), said(entry.meanings), said(entry.hints)]),
    ),
  ]);
}

function isOfAgents(name: string): boolean {
  return /^(agent|shell|file|path|locator)\./.test(name);
}

const WHOLE = new Set(['workflow.invalid', 'workflow.not-found', 'input.invalid']);
const ALSO_THROWN = new Set(['expression.invalid', 'expression.failed', 'expression.limit']);

function isProblem(name: string): boolean {
  return /^(workflow|expression|input)\./.test(name) && !WHOLE.has(name) && !ALSO_THROWN.has(name);
}

function said(texts: ReadonlySet<string>): string {
  return [...texts].join(' / ').replaceAll(/`[^`]*`|</g, (part) => (part === '<' ? '\\<' : part));
}

function sources(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .sort();
}

type Add = (name: string, meaning: string, hint: string) => void;

function collect({ path, source }: { path: string; source: string }, add: Add): void {
  const tree = parse(Lang.TypeScript, source).root();
  for (const node of tree.findAll({ rule: { kind: 'class_declaration' } }))
    fromClass(node, source, add);
  for (const node of tree.findAll({ rule: { kind: 'object' } })) fromObject(node, add);
  if (!path.startsWith('src/agents/')) return;
  for (const node of tree.findAll({ rule: { kind: 'call_expression' } })) fromCall(node, add);
}

/** A class with `readonly code = '...'`: its comment is the meaning. */
function fromClass(node: SgNode, source: string, add: Add): void {
  if (!/extends TroupeError/.test(node.text())) return;
  const name = node.field('name')?.text() ?? '';
  const own = /readonly code(?:: string)? = '([^']+)'/.exec(node.text());
  const named = own?.[1] === undefined ? namedCodes(node.text()) : [own[1]];
  const hints = node
    .findAll({ rule: { kind: 'pair' } })
    .filter((pair) => pair.field('key')?.text() === 'hint')
    .flatMap((pair) => choicesOf(pair.field('value')));
  // What a class with several codes is for is said of the first one.
  for (const [index, one] of named.entries())
    for (const hint of hints.length > 0 ? hints : [''])
      add(one, index === 0 ? declarationNote(source, name) : '', hint);
}

/** The texts that a value may be: both sides of a choice, and what stands in for a missing one. */
function choicesOf(node: SgNode | null): string[] {
  const kind = node?.kind();
  if (kind === 'ternary_expression')
    return [node?.field('consequence'), node?.field('alternative')].flatMap((side) =>
      choicesOf(side ?? null),
    );
  if (kind === 'binary_expression') return choicesOf(node?.field('right') ?? null);
  const text = textOf(node);
  return text === '' ? [] : [text];
}

/** The codes of a class that takes one of a few. */
function namedCodes(text: string): string[] {
  const union = /code: ((?:'[a-z.-]+'(?: \| )?)+)/.exec(text)?.[1] ?? '';
  return [...union.matchAll(/'([a-z.-]+)'/g)].map(([, one = '']) => one);
}

/** `{code: '...', message: ..., hint: ...}`, as rejections and problems are written. */
function fromObject(node: SgNode, add: Add): void {
  const fields = new Map(
    node
      .children()
      .filter((child) => child.kind() === 'pair')
      .map((pair) => [pair.field('key')?.text(), pair.field('value')]),
  );
  const hasMessage =
    fields.has('message') ||
    /^\s*message,?$/m.test(node.text()) ||
    / message[,} ]/.test(node.text());
  if (!hasMessage) return;
  for (const name of namesIn(fields.get('problem') ?? fields.get('code') ?? null))
    add(name, textOf(fields.get('message') ?? null), textOf(fields.get('hint') ?? null));
}

/** A code that is written down, or the codes that one is chosen from. */
function namesIn(node: SgNode | null): string[] {
  if (node === null) return [];
  const own = node.kind() === 'string' ? [node] : node.findAll({ rule: { kind: 'string' } });
  return own.map(textOf);
}

/** `failure('file.not-found', 'message ...')`: a code and a message as the first values of a call, in agents. */
function fromCall(node: SgNode, add: Add): void {
  const [first, second] = (node.field('arguments')?.children() ?? []).filter((child) =>
    child.isNamed(),
  );
  const name = textOf(first ?? null);
  const message = textOf(second ?? null);
  if (/^[a-z]+\.[a-z-]+$/.test(name) && message !== '') add(name, message, '');
}

/** A literal as a person reads it, `<what>` where something is filled in; empty for anything else. */
function textOf(node: SgNode | null): string {
  if (node === null) return '';
  if (node.kind() === 'string') return unescaped(node.text().slice(1, -1));
  if (node.kind() !== 'template_string') return '';
  return unescaped(
    node
      .children()
      .slice(1, -1)
      .map((part) =>
        part.kind() === 'template_substitution' ? `<${shortName(part.text())}>` : part.text(),
      )
      .join(''),
  );
}

function shortName(substitution: string): string {
  const names = substitution.match(/[A-Za-z]+/g) ?? [];
  return names.length > 2 ? (names.at(-1) ?? 'value') : names.join(' ') || 'value';
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
