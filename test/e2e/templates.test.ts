/** Templates of people who build software, played to their end by simulated agents: good days and bad ones. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approve, expectOrder, playTemplate, type Role, reject } from './stage.ts';

describe('full-stack-feature', () => {
  const input = { feature_name: 'Dark mode' };
  const built: Role = (_, { taskId }) => ({
    summary: taskId,
    files: [`${taskId}.ts`, 'shared.ts'],
  });
  const roles: Record<string, Role> = {
    planner: ({ feature }) => ({
      summary: `${feature} by a switch`,
      api: ['GET /theme'],
      ui: 'a switch',
      tests: ['x'],
    }),
    backend: built,
    frontend: built,
    coder: () => ({ summary: 'joined', files: ['app.ts'] }),
    checker: (_, { nth }) => ({
      passed: nth === 2,
      problems: nth === 2 ? [] : ['the switch is white'],
    }),
  };

  it('builds both halves after the sign-off, and repairs what the test finds', async () => {
    const played = await playTemplate('full-stack-feature', {
      input,
      roles,
      answers: { 'sign-off': approve('sign-off') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: {
        design: 'Dark mode by a switch',
        files: ['api.ts', 'shared.ts', 'ui.ts', 'app.ts'],
        passed: true,
        problems: [],
      },
      tasks: { accept: { status: 'skipped' } },
    });
    for (const half of ['api', 'ui']) {
      expectOrder(
        played,
        'waiting sign-off',
        'succeeded sign-off',
        `started ${half}`,
        `succeeded ${half}`,
        'started integrate',
      );
    }
    expectOrder(played, 'started api', 'started ui', 'succeeded api');
    expectOrder(
      played,
      'succeeded test',
      'started integrate@2',
      'succeeded test@2',
      'run succeeded',
    );
    const [, second] = played.asked.filter(({ agent }) => agent === 'coder');
    expect(second?.parameters.problems).toEqual(['the switch is white']);
    expect(played.differences).toEqual([]);
  });

  it('builds nothing that was rejected', async () => {
    const played = await playTemplate('full-stack-feature', {
      input,
      roles,
      answers: { 'sign-off': reject('sign-off') },
    });
    expect(played.report).toMatchObject({ status: 'failed', error: { code: 'approval.denied' } });
    expect(played.asked.map(({ agent }) => agent)).toEqual(['planner']);
  });

  it('asks nobody about the design where nobody wants to be asked, and a person where it never passes', async () => {
    const checker: Role = () => ({ passed: false, problems: ['slow'] });
    const played = await playTemplate('full-stack-feature', {
      input: { ...input, approve_design: false },
      roles: { ...roles, checker },
      answers: { accept: approve('accept') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { passed: false, problems: ['slow'] },
      tasks: { 'sign-off': { status: 'skipped' }, test: { rounds: 4 } },
    });
    expectOrder(played, 'succeeded test@4', 'waiting accept', 'succeeded accept');
  });
});

describe('bug-fix', () => {
  const input = { bug_description: 'It crashes on Mondays' };
  const roles: Record<string, Role> = {
    researcher: () => ({ reproduced: true, steps: ['wait for Monday'], evidence: ['a trace'] }),
    planner: ({ evidence }) => ({
      cause: `see ${evidence[0]}`,
      plan: ['count from 0'],
      risk: ['Sundays'],
    }),
    coder: ({ problems }) => ({
      summary: `fixed, ${problems.length} problems before`,
      files: ['days.ts'],
    }),
    checker: (_, { nth }) => ({ fixed: nth > 1, problems: nth > 1 ? [] : ['Sundays'] }),
  };

  it('fixes again until the check holds, then runs the tests', async () => {
    const played = await playTemplate('bug-fix', {
      input: { ...input, test_command: 'node --version' },
      roles,
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: {
        cause: 'see a trace',
        fix: 'fixed, 1 problems before',
        files: ['days.ts'],
        fixed: true,
        tested: true,
      },
    });
    expectOrder(
      played,
      ...[
        'succeeded investigate',
        'started analyze',
        'succeeded analyze',
        'started fix',
        'succeeded fix',
      ],
      ...[
        'started verify',
        'started fix@2',
        'succeeded verify@2',
        'started tests',
        'run succeeded',
      ],
    );
    expect(played.differences).toEqual([]);
  });

  it('believes the exit code of the tests, not the agents', async () => {
    const played = await playTemplate('bug-fix', {
      input: { ...input, test_command: 'node --no-such-option' },
      roles,
    });
    expect(played.report).toMatchObject({
      status: 'failed',
      tasks: { verify: { status: 'success' }, tests: { status: 'failed' } },
    });
    expect(played.report.error).toMatchObject({ code: 'shell.exit' });
  });

  it('does not guess about what cannot be reproduced', async () => {
    const researcher: Role = () => ({ reproduced: false, steps: [], evidence: [] });
    const played = await playTemplate('bug-fix', {
      input,
      roles: { ...roles, researcher },
      answers: { 'more-facts': reject('more-facts') },
    });
    expect(played.report).toMatchObject({ status: 'failed', error: { code: 'approval.denied' } });
    expect(played.asked.map(({ agent }) => agent)).toEqual(['researcher']);
  });
});

describe('security-audit', () => {
  let path: string;
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), 'troupe-audit-'));
    mkdirSync(join(path, 'src'));
    writeFileSync(join(path, 'src/a.ts'), 'export const run = (text: string) => eval(text);\n');
    writeFileSync(join(path, 'src/b.ts'), 'export const b = 1;\n');
  });
  afterAll(() => rmSync(path, { recursive: true, force: true }));

  const roles = (isReal: boolean): Record<string, Role> => ({
    'security-auditor': ({ files }) => ({
      findings: files.map((file: string) => ({
        file,
        line: 1,
        severity: 'critical',
        text: 'eval',
      })),
    }),
    checker: ({ finding }) => ({
      confirmed: isReal && finding.file.endsWith('a.ts'),
      severity: finding.severity,
      file: finding.file,
      text: finding.text,
    }),
    writer: ({ findings, dependencies, owner }) => ({
      text: `${findings.length} findings, ${dependencies.trim()}, ${owner}`,
    }),
  });

  it('writes its report once somebody has taken what is critical', async () => {
    const played = await playTemplate('security-audit', {
      input: { path, dependency_command: 'echo 2 old ones; false' },
      roles: roles(true),
      answers: { acknowledge: approve('acknowledge') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { report: '1 findings, 2 old ones, ann', critical: 1, secrets: [] },
    });
    expectOrder(
      played,
      'succeeded find',
      'started audit~0',
      'succeeded confirm',
      'waiting acknowledge',
      'succeeded acknowledge',
      'started report',
    );
    expect(played.differences).toEqual([]);
  });

  it('asks nobody where nothing is critical', async () => {
    const played = await playTemplate('security-audit', { input: { path }, roles: roles(false) });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { report: '0 findings, not audited, ', critical: 0 },
      tasks: { acknowledge: { status: 'skipped' } },
    });
  });

  it('finds a forgotten key, and names its place only', async () => {
    const key = `ghp_${'a'.repeat(36)}`;
    writeFileSync(join(path, 'deploy.env'), `USER=x\nTOKEN=${key}\n`);
    const played = await playTemplate('security-audit', {
      input: { path },
      roles: roles(false),
      answers: { acknowledge: approve('acknowledge') },
    });
    expect(played.report.output).toMatchObject({ secrets: ['./deploy.env:2'] });
    expect(JSON.stringify(played.events)).not.toContain(key);
    expect(played.asked.at(-1)?.parameters.secrets).toEqual(['./deploy.env:2']);
  });
});
