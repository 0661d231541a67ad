import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataDirectoryInUse, lockDataDirectory } from '#platform/data-directory';
import { isRunning, processStart } from '#platform/process-identity';

const REGISTER = new URL('../../test/support/ts-register.mjs', import.meta.url).href;

describe('the lock of a data directory', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'perennial-'));
    file = join(directory, 'lock');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const held = () => JSON.parse(readFileSync(file, 'utf8'));
  const leaveLock = (holder: object) => writeFileSync(file, JSON.stringify(holder));
  const holder = { pid: process.pid, host: hostname(), since: '2024-01-01T00:00:00.000Z' };

  it('makes the directory and says who uses it', () => {
    const inside = join(directory, 'new', 'data');
    lockDataDirectory(inside, { url: 'http://127.0.0.1:3000' });
    expect(JSON.parse(readFileSync(join(inside, 'lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
      url: 'http://127.0.0.1:3000',
    });
  });

  it('makes it for its owner only, with the folders above it, and leaves one as it is that is there', () => {
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    const above = join(directory, 'new');
    lockDataDirectory(join(above, 'data'), { mode: 0o700 }).release();
    expect([above, join(above, 'data')].map(mode)).toEqual(['700', '700']);
    chmodSync(above, 0o751);
    lockDataDirectory(above, { mode: 0o700 }).release();
    expect(mode(above)).toBe('751');
  });

  it.each(['/proc/nowhere', '/proc/nowhere/data'])('refuses at once what cannot be made: %s', (path) => {
    // In a process of its own, because a call that never returns cannot be stopped from within.
    const module = new URL('./data-directory.ts', import.meta.url).href;
    const code = `import(${JSON.stringify(module)}).then(({ lockDataDirectory }) => lockDataDirectory(process.argv[1]))`;
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      ['--conditions=source', '--no-warnings', '--import', REGISTER, '-e', code, path],
      { timeout: 30_000, killSignal: 'SIGKILL', encoding: 'utf8' },
    );
    expect({ status, signal, stderr }).toEqual({
      status: 1,
      signal: null,
      stderr: expect.stringContaining('/proc/nowhere cannot be made: '),
    });
  });

  it('refuses a file, and a folder below a file', () => {
    const plain = join(directory, 'plain');
    writeFileSync(plain, '');
    for (const path of [plain, join(plain, 'data')])
      expect(() => lockDataDirectory(path)).toThrow(
        expect.objectContaining({ code: 'directory-unusable', message: expect.stringContaining(plain) }),
      );
  });

  it('turns the second away and shows the way', () => {
    const lock = lockDataDirectory(directory);
    expect(() => lockDataDirectory(directory)).toThrow(/in use by process \d+ .*starting/);
    lock.announce('http://127.0.0.1:4711');
    expect(() => lockDataDirectory(directory)).toThrow(/--url http:\/\/127\.0\.0\.1:4711/);
    expect(() => lockDataDirectory(directory)).toThrow(DataDirectoryInUse);
    lock.release();
    expect(existsSync(file)).toBe(false);
    lockDataDirectory(directory).release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes over from a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const pid = child.pid as number;
    leaveLock({ ...holder, pid, processStart: processStart(pid) });
    expect(() => lockDataDirectory(directory)).toThrow(`process ${pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isRunning(pid)).toBe(false);
    lockDataDirectory(directory);
    expect(held().pid).toBe(process.pid);
  });

  it('takes over when the pid was given to another process since', () => {
    leaveLock({ ...holder, processStart: 'another boot 42' });
    lockDataDirectory(directory);
    expect(held().processStart).toBe(processStart(process.pid));
  });

  it('takes over what is no lock at all', () => {
    writeFileSync(file, '');
    lockDataDirectory(directory);
    expect(held().pid).toBe(process.pid);
  });

  it('cannot see the processes of another machine and names the file to remove', () => {
    leaveLock({ ...holder, host: 'elsewhere', url: 'http://10.0.0.1:3000' });
    expect(() => lockDataDirectory(directory)).toThrow(
      /on elsewhere .*If that machine is gone, remove .*lock/,
    );
  });

  it('releases only what is its own', () => {
    const lock = lockDataDirectory(directory);
    leaveLock({ ...holder, pid: 1 });
    lock.release();
    expect(held().pid).toBe(1);
  });
});
