import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { backupCommand } from './backup/backup-command.js';
import { restoreCommand } from './backup/restore-command.js';
import { importCommand } from './import/import-command.js';
import { modelCommand } from './model-command.js';
import { projectionCommand } from './projection-command.js';
import { reportCommand } from './report-command.js';
import { sqlCommand } from './sql-command.js';
import { deadLettersCommand, refillCommand, verifyCommand } from './verify-command.js';

const run = (command: Command, ...args: string[]) => command.parseAsync(args, { from: 'user' });

/** Every command that works on what is there, with what it wants besides. */
const reading: [string, () => Command, ...string[]][] = [
  ['verify', verifyCommand],
  ['verify --repair', verifyCommand, '--repair'],
  ['refill', refillCommand, '--from-position', '0'],
  ['dead-letters', deadLettersCommand],
  ['sql', sqlCommand, 'SELECT 1'],
  ['report', reportCommand, 'customers'],
  ['model', modelCommand, 'run', 'clv'],
  ['projection list', projectionCommand, 'list'],
  ['projection rebuild', projectionCommand, 'rebuild', 'purchases'],
  ['backup', backupCommand, 'anywhere'],
];

describe('a command on a data directory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
  const missing = join(folder, 'mistyped');
  const other = join(folder, 'other');
  mkdirSync(other);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(reading)('refuses what is not there, and begins nothing: %s', async (_, command, ...args) => {
    await expect(run(command(), ...args, '--data', missing)).rejects.toThrow(`There is no ${missing}: `);
    expect(existsSync(missing)).toBe(false);
    await expect(run(command(), ...args, '--data', other)).rejects.toThrow(
      `${other} holds no Perennial data`,
    );
    expect(readdirSync(other)).toEqual([]);
  });

  const importing: (typeof reading)[number] = [
    'import',
    importCommand,
    'purchases',
    'a.csv',
    '--map',
    'orderId=id',
  ];
  it.each([...reading, importing])('takes no empty name for the default: %s', async (_, command, ...args) => {
    for (const option of ['--data', '--url'])
      await expect(run(command(), ...args, option, '')).rejects.toThrow(`${option} is empty`);
  });

  it('restores into no empty name', async () => {
    const args = ['backup', '--without-vault', '--without-ledger'];
    await expect(run(restoreCommand(), ...args, '--data', '')).rejects.toThrow('--data is empty');
  });
});

describe('a backup', () => {
  it.each([
    ['', '--url', 'http://127.0.0.1:9'],
    ['--vault', '', '--url', 'http://127.0.0.1:9'],
    ['events', '--vault', '', '--url', 'http://127.0.0.1:9'],
  ])('is not named by nothing: %j %s %s', async (...args) => {
    await expect(run(backupCommand(), ...args.filter((arg) => arg !== undefined))).rejects.toThrow(
      'The name of a backup is empty',
    );
  });

  it.each(['.', '..', '/', 'a/b'])('on a server is a name, not a path: %s', async (name) => {
    await expect(run(backupCommand(), name, '--url', 'http://127.0.0.1:9')).rejects.toThrow(
      'is a name, not a path',
    );
  });
});
