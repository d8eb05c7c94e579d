/** Templates of people who build software, played to their end by simulated agents: good days and bad ones. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  approve,
  expectOrder,
  playTemplate,
  type Role,
  refusal,
  reject,
  storyOf,
} from './stage.ts';

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

/** A repository with a change in it. */
class Repository {
  readonly folder = mkdtempSync(join(tmpdir(), 'troupe-template-'));
  readonly path = join(this.folder, 'sources');

  constructor() {
    execFileSync('git', ['init', '-q', '-b', 'main', this.path]);
    this.git('config', 'user.email', 'ann@example.org');
    this.git('config', 'user.name', 'Ann');
    this.commit('a.txt', 'one', 'first');
  }

  git(...argv: string[]): string {
    return execFileSync('git', ['-C', this.path, ...argv], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.path, file), text);
  }

  commit(file: string, text: string, message: string): void {
    this.write(file, text);
    this.git('add', '.');
    this.git('commit', '-q', '-m', message);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('code-review', () => {
  let repository: Repository;
  beforeAll(() => {
    repository = new Repository();
    repository.git('switch', '-q', '-c', 'change');
    repository.commit('b.txt', 'two', 'second');
    repository.commit('größer.txt', 'three', 'third');
  });
  afterAll(() => repository.remove());

  const roles: Record<string, Role> = {
    reviewer: ({ file }) => ({
      file: file ?? '',
      findings: [
        {
          line: 1,
          severity: file === 'b.txt' ? 'high' : 'low',
          text: `about ${file ?? 'the whole'}`,
        },
      ],
    }),
    checker: ({ file, finding }) => ({ confirmed: true, file, text: finding.text, reason: 'seen' }),
    writer: ({ must, could }) => ({ text: `${must.length} must, ${could.length} could` }),
  };
  const input = (): { path: string; base: string } => ({ path: repository.path, base: 'main' });

  it('reviews each changed file, confirms what is serious, and asks for changes', async () => {
    const played = await playTemplate('code-review', { input: input(), roles });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: {
        verdict: 'request changes',
        must_change: [{ file: 'b.txt', text: 'about b.txt' }],
        review: '1 must, 1 could',
      },
      tasks: { review: { instances: [{}, {}] } },
    });
    const files = played.asked.flatMap(({ parameters }) => parameters.file ?? []);
    expect(files).toEqual(expect.arrayContaining(['b.txt', 'größer.txt']));
    expectOrder(
      played,
      'succeeded changes',
      'started review~0',
      'succeeded review',
      'started confirm~0',
      'started summary',
    );
    expect(played.differences).toEqual([]);
  });

  it('approves what is refuted, and names the files that were not reviewed', async () => {
    const reviewer: Role = (parameters, call) => {
      if (parameters.file === 'größer.txt') throw refusal('too large');
      return roles['reviewer']?.(parameters, call) ?? null;
    };
    const checker: Role = ({ file }) => ({
      confirmed: false,
      file,
      text: '',
      reason: 'it cannot happen',
    });
    const played = await playTemplate('code-review', {
      input: input(),
      roles: { ...roles, reviewer, checker },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { verdict: 'approve', must_change: [] },
    });
    expect(played.asked.at(-1)).toMatchObject({
      agent: 'writer',
      parameters: { not_reviewed: ['größer.txt'] },
    });
  });

  it('has nothing to say about no change', async () => {
    const played = await playTemplate('code-review', {
      input: { ...input(), base: 'HEAD' },
      roles,
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { verdict: 'approve', review: '0 must, 0 could' },
    });
    expect(played.asked.map(({ agent }) => agent)).toEqual(['writer']);
  });
});

describe('refactor-with-rollback', () => {
  let repository: Repository;
  beforeAll(() => {
    repository = new Repository();
  });
  afterAll(() => repository.remove());
  /** Fails as soon as a file has the word "bad" in it. */
  const test_command = `node -e "process.exit(fs.readdirSync('.').some((f) => f.endsWith('.txt') && fs.readFileSync(f, 'utf8').includes('bad')) ? 1 : 0)"`;
  const input = (more = {}) => ({
    goal: 'fewer words',
    path: repository.path,
    test_command,
    ...more,
  });
  const roles = (texts: string[]): Record<string, Role> => ({
    planner: () => ({
      steps: texts.map((text) => ({ title: text, instructions: `write ${text}` })),
    }),
    coder: ({ path, step }) => {
      writeFileSync(join(path, 'a.txt'), step.title);
      return { summary: step.instructions };
    },
  });

  it('merges steps that are tested one after the other, and leaves nothing behind', async () => {
    const played = await playTemplate('refactor-with-rollback', {
      input: input(),
      roles: roles(['two', 'three']),
      answers: { 'sign-off': approve('sign-off') },
    });
    expect(played.report).toMatchObject({
      status: 'succeeded',
      output: { steps: ['two', 'three'], merged: true },
    });
    expectOrder(
      played,
      'succeeded step~0',
      'waiting step~1',
      'succeeded step',
      'succeeded sign-off',
      'started merge',
      'started verify',
      'started tidy',
    );
    expect(repository.git('log', '--format=%s', '--topo-order').split('\n').slice(0, 3)).toEqual([
      'Refactor: fewer words',
      'three',
      'two',
    ]);
    expect(repository.git('branch', '--format=%(refname:short)').trim()).toBe('main');
    expect(played.differences).toEqual([]);
  });

  it('undoes everything, last first, where a step breaks the tests', async () => {
    const before = repository.git('rev-parse', 'HEAD');
    const played = await playTemplate('refactor-with-rollback', {
      input: input(),
      roles: roles(['four', 'five', 'bad']),
    });
    expect(played.report).toMatchObject({
      status: 'failed',
      tasks: { copy: { compensated: true }, merge: { status: 'skipped' } },
    });
    const undone = storyOf(played).filter((each) => each.startsWith('compensated '));
    expect(undone).toEqual(['compensated step~1', 'compensated step~0', 'compensated copy']);
    expectOrder(
      played,
      'run stopping',
      'run compensationStarted',
      'compensated step~1',
      'compensated copy',
      'run failed',
    );
    expect(repository.git('rev-parse', 'HEAD')).toBe(before);
    expect(repository.git('branch', '--format=%(refname:short)').trim()).toBe('main');
    expect(repository.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
    expect(played.differences).toEqual([]);
  });

  it('undoes the merge too, and keeps what somebody has not committed', async () => {
    const before = repository.git('rev-parse', 'HEAD');
    repository.write('notes.txt', 'bad: seen only where others work');
    const played = await playTemplate('refactor-with-rollback', {
      input: input({
        ask_before_merge: false,
        test_command: 'test ! -e ../merged -o ! -e notes.txt',
      }),
      roles: {
        ...roles(['six']),
        coder: ({ path, step }) => {
          writeFileSync(join(path, 'a.txt'), step.title);
          writeFileSync(join(repository.folder, 'merged'), '');
          return { summary: '' };
        },
      },
    });
    expect(played.report).toMatchObject({
      status: 'failed',
      tasks: { merge: { compensated: true }, verify: { status: 'failed' } },
    });
    const undone = storyOf(played).filter((each) => each.startsWith('compensated '));
    expect(undone).toEqual(['compensated merge', 'compensated step~0', 'compensated copy']);
    expect(repository.git('rev-parse', 'HEAD')).toBe(before);
    expect(repository.git('status', '--porcelain').trim()).toBe('?? notes.txt');
  });
});
