/** Templates that work on a git repository, played to their end on real ones by simulated agents. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approve, expectOrder, playTemplate, type Role, refusal, storyOf } from './stage.ts';

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
