/** `troupe doctor`: looks at everything that a run needs and says how to mend what is wrong. Changes nothing. */

import { reasonOf } from '../../workflow/errors.ts';
import type { Command, CommandContext } from '../command.ts';
import { jsonOption, settingOptions } from '../common-options.ts';
import { type Connection, findOrchestrator } from '../connect.ts';
import { checkAgents } from '../doctor/agents.ts';
import { checkDisk } from '../doctor/disk.ts';
import { type Finding, findings } from '../doctor/finding.ts';
import { checkLog } from '../doctor/log.ts';
import { checkNats } from '../doctor/nats.ts';
import { checkRuntime } from '../doctor/runtime.ts';
import { type CheckedSettings, checkSettings } from '../doctor/settings.ts';
import { exitCodes } from '../exit-codes.ts';
import { asTyped } from '../own-command.ts';
import { counted, table } from '../render/format.ts';
import { plainText, type Style, styled } from '../render/painted.ts';
import { openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

export const doctorCommand: Command = {
  summary: 'Check runtime, disk, log, NATS, agents and settings; say how to mend what is wrong',
  words: [],
  options: { ...jsonOption, ...settingOptions },
  notes: [
    'Exit code 0 when everything works, also with warnings; 1 when something does not.',
    'Looks for workflows in workflows/ and .claude/workflows/ of the working directory.',
  ],
  examples: [
    ['troupe doctor', 'What is there, what is missing, and where each setting came from'],
    ['troupe doctor --json --nats-url nats://10.0.0.5:4222', 'For a program, about a server'],
  ],
  run: doctor,
};

async function doctor(context: CommandContext): Promise<number> {
  const { arguments: given, terminal } = context;
  const checked = await checkSettings(context);
  const found = [...checkRuntime(), ...checked.findings, ...(await checkRest(context, checked))];
  const failures = found.filter(({ status }) => status === 'fail').length;
  const ok = failures === 0;
  if (given.flag('json')) terminal.printJson({ ok, findings: found, settings: checked.rows });
  else show(terminal, { found, checked });
  return ok ? exitCodes.done : exitCodes.failed;
}

/** What can only be looked at with settings that can be used. */
async function checkRest(context: CommandContext, { loaded }: CheckedSettings): Promise<Finding[]> {
  if (loaded === undefined) return [];
  const { settings } = loaded;
  const nats = await checkNats(settings);
  const isAway = nats.some(({ status, check }) => status === 'fail' && check !== 'payload');
  const { connection, findings: refused } = isAway
    ? { connection: undefined, findings: [] }
    : await orchestrator(context);
  try {
    return [
      ...(await checkDisk(settings.dataDir)),
      ...(await checkLog(settings, connection)),
      ...nats,
      ...refused,
      ...(await checkAgents(context.workingDirectory, connection)),
    ];
  } finally {
    await connection?.close();
  }
}

async function orchestrator(
  context: CommandContext,
): Promise<{ connection: Connection | undefined; findings: Finding[] }> {
  const { ok, warn, fail } = findings('nats');
  try {
    const session = await openSession(context);
    const connection = await findOrchestrator(session);
    const { natsUrl, prefix } = session.settings;
    if (connection !== undefined)
      return {
        connection,
        findings: [ok('orchestrator', `one answers on ${connection.url}: ${connection.logId}`)],
      };
    if (natsUrl === undefined) return { connection, findings: [] };
    const text = `no orchestrator answers for the prefix ${prefix}`;
    const fix = 'Start one with `troupe up`, or correct TROUPE_PREFIX.';
    return { connection, findings: [warn('orchestrator', text, fix)] };
  } catch (error) {
    const fix = 'Look at its log, then start it again with `troupe up`.';
    return { connection: undefined, findings: [fail('orchestrator', reasonOf(error), fix)] };
  }
}

const STYLES: Readonly<Record<Finding['status'], Style>> = {
  ok: 'good',
  warn: 'wait',
  fail: 'bad',
};

function show(terminal: Terminal, parts: { found: Finding[]; checked: CheckedSettings }): void {
  const { found, checked } = parts;
  for (const { area, status, message, fix } of found) {
    const label = styled(status.padEnd(6), STYLES[status], terminal.hasOutputColor);
    terminal.print(`${label}${area.padEnd(9)} ${plainText(message)}`);
    if (fix !== undefined) terminal.print(`                fix: ${asTyped(fix)}`);
  }
  if (checked.rows.length > 0) terminal.print('\nSettings');
  const rows = checked.rows.map(({ name, value, source }) => [
    `  ${name}`,
    value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value),
    source,
  ]);
  for (const line of table(rows)) terminal.print(line);
  const count = (wanted: Finding['status']): number =>
    found.filter(({ status }) => status === wanted).length;
  terminal.print(
    `\n${counted(count('fail'), 'failure')}, ${counted(count('warn'), 'warning')}, ${count('ok')} fine`,
  );
}
