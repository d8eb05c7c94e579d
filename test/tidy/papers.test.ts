import { describe, expect, it } from 'vitest';
import { checkLockFile, checkPaper, checkReadmes } from './papers.ts';

describe('checkReadmes', () => {
  it('catches a room without one, and one of more than 40 lines', () => {
    const papers = [{ path: 'src/log/README.md', text: 'a\n'.repeat(41) }];
    expect(checkReadmes(['log', 'events'], papers)).toEqual([
      'src/log/README.md has 41 lines; 40 at most',
      'src/events has no README.md',
    ]);
  });

  it('passes 40 lines', () => {
    const papers = [{ path: 'src/log/README.md', text: 'a\n'.repeat(40) }];
    expect(checkReadmes(['log'], papers)).toEqual([]);
  });
});

describe('checkPaper', () => {
  it.each(['TODO: more', 'see /home/me/notes', 'a blazingly fast log', 'done \u{1F680}'])(
    'catches %s',
    (text) => {
      expect(checkPaper({ path: 'docs/a.md', text: `one\n${text}\n` })).toHaveLength(1);
    },
  );

  it('names the line', () => {
    const [violation] = checkPaper({ path: 'docs/a.md', text: 'one\ntwo\nFIXME\n' });
    expect(violation).toMatch(/^docs\/a\.md:3 says "FIXME"/);
  });

  it('passes plain words', () => {
    expect(checkPaper({ path: 'a.md', text: 'A session holds requests. See docs/work/.' })).toEqual(
      [],
    );
  });
});

describe('checkLockFile', () => {
  it('catches an optional package of another platform that is missing', () => {
    const packages = {
      'node_modules/a': {
        version: '1.0.0',
        optionalDependencies: { 'a-mac': '1', 'a-linux': '1' },
      },
      'node_modules/a-linux': { version: '1.0.0' },
    };
    expect(checkLockFile(packages)).toEqual([
      'package-lock.json lacks a-mac, an optional dependency of node_modules/a',
    ]);
  });

  it('catches the address of a registry', () => {
    const packages = { 'node_modules/a': { version: '1.0.0', resolved: 'https://host/a.tgz' } };
    expect(checkLockFile(packages)).toHaveLength(1);
  });
});
