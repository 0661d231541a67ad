import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { type KeyVault, keyOf } from '#personal-data/key-vault';
import { WrongMasterKey } from '#personal-data/master-key';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';
import type { SqliteVault } from '#personal-data/sqlite/key-vault';
import { runTs } from '#test/support/run-ts';

const masterKey = Buffer.alloc(32, 1).toString('base64');

describe('the embedded key vault', () => {
  let directory: string;
  let file: string;
  let announced: string[];
  let vault: SqliteVault | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'perennial-'));
    file = join(directory, 'vault.db');
    announced = [];
  });
  afterEach(async () => {
    await close();
    rmSync(directory, { recursive: true });
  });

  const open = async (key: string | undefined = masterKey): Promise<SqliteVault> => {
    vault = await openEmbeddedKeyVault(directory, {
      masterKey: key,
      announce: (message) => announced.push(message),
    });
    return vault;
  };
  const close = async () => {
    await vault?.close();
    vault = undefined;
  };

  /** Every wrapped key and hash in the vault, by its owner. */
  const secrets = (): { owner: string; secret: Buffer }[] => {
    const db = new Database(file, { readonly: true });
    try {
      return db
        .prepare('SELECT owner, wrapped AS secret FROM keys UNION ALL SELECT owner, hash FROM look_ups')
        .all() as { owner: string; secret: Buffer }[];
    } finally {
      db.close();
    }
  };
  const bytes = () =>
    Buffer.concat(readdirSync(directory).map((name) => readFileSync(join(directory, name))));
  const fill = async (customers: number) => {
    const owners = Array.from({ length: customers }, (_, i) => `customer ${i}`);
    await vault?.keysFor(owners);
    await vault?.putLookUps(
      owners.flatMap((owner) => [
        { owner, kind: 'email', value: `${owner}@example.org` } as const,
        { owner, kind: 'phone', value: `+49${owner}` } as const,
      ]),
    );
    return owners;
  };

  /** In free pages, where nobody looks. */
  const leaveCopies = (of: readonly { secret: Buffer }[]) => {
    const careless = new Database(file);
    careless.exec('CREATE TABLE copies (secret BLOB)');
    for (const { secret } of of) careless.prepare('INSERT INTO copies VALUES (?)').run(secret);
    careless.exec('DROP TABLE copies; PRAGMA wal_checkpoint(TRUNCATE)');
    careless.close();
  };

  it('leaves neither key nor look-up of an erased owner in any file', async () => {
    await open();
    const owners = await fill(2_000);
    const erased = new Set(owners.filter((_, i) => i % 40 === 3));
    const before = secrets();
    expect(before).toHaveLength(6_000);
    for (const owner of erased) await vault?.erase([owner]);
    const after = bytes();
    for (const { owner, secret } of before) expect(after.includes(secret)).toBe(!erased.has(owner));
  });

  it('leaves nothing of many who are erased at once', async () => {
    await open();
    const owners = await fill(1_000);
    const before = secrets();
    await vault?.erase(owners.slice(0, 500));
    const after = bytes();
    expect(before.filter(({ secret }) => after.includes(secret))).toHaveLength(1_500);
  });

  it('finds and removes a copy that SQLite left in a free page', async () => {
    await open();
    await fill(10);
    const mine = secrets().filter(({ owner }) => owner === 'customer 7');
    leaveCopies(mine);
    await vault?.erase(['customer 7']);
    const after = bytes();
    expect(mine.some(({ secret }) => after.includes(secret))).toBe(false);
  });

  it('removes such a copy at its next start when it was killed before it looked for one', async () => {
    await open();
    await fill(10);
    const mine = secrets().filter(({ owner }) => owner === 'customer 7');
    leaveCopies(mine);
    await close();
    const child = runTs('test/fault/vault-erasure-killed.child.ts', [directory, masterKey]);
    expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
    const held = () => mine.some(({ secret }) => bytes().includes(secret));
    expect(secrets().some(({ owner }) => owner === 'customer 7')).toBe(false);
    expect(held()).toBe(true);
    await open();
    expect(held()).toBe(false);
    expect(await vault?.isErased('customer 7')).toBe(true);
    expect((await vault?.existingKeys(['customer 6']))?.size).toBe(1);
  });

  it('is copied while keys are made and erased', async () => {
    await open();
    await fill(10_000);
    const before = secrets();
    const copy = join(directory, 'copy.db');
    const gone: string[] = [];
    const writing: Promise<unknown>[] = [];
    let turns = 0;
    await vault?.copyTo(copy, () => {
      turns += 1;
      writing.push(keyOf(vault as KeyVault, `later ${turns}`));
      const erased = [`customer ${turns}`, `later ${turns - 1}`];
      writing.push((vault as KeyVault).erase(erased).then(() => gone.push(...erased)));
      // More than are looked for one by one: the whole file is written anew.
      const many = Array.from({ length: 70 }, (_, i) => `customer ${100 * turns + i}`);
      if (turns === 2) writing.push((vault as KeyVault).erase(many).then(() => gone.push(...many)));
    });
    const goneByThen = [...gone];
    await Promise.all(writing);
    expect(turns).toBeGreaterThan(4);
    expect(goneByThen.length).toBeGreaterThan(0);
    const copied = new Database(copy, { readonly: true });
    expect(copied.pragma('integrity_check', { simple: true })).toBe('ok');
    const owners = new Set(copied.prepare('SELECT owner FROM keys').pluck().all());
    copied.close();
    const erased = new Set(gone);
    expect(before.filter(({ owner }) => !erased.has(owner) && !owners.has(owner))).toEqual([]);
    expect(goneByThen.filter((owner) => owners.has(owner))).toEqual([]);
  });

  it('keeps no key, and nothing one can be found by, in the clear', async () => {
    await open();
    const { secret } = await keyOf(vault as KeyVault, 'customer 1');
    await fill(10);
    expect(bytes().includes(secret)).toBe(false);
    expect(bytes().includes('example.org')).toBe(false);
  });

  it('forgets again whom it should when an older copy of it is put back', async () => {
    await open();
    await fill(10);
    await close();
    const backup = join(directory, 'vault.backup');
    copyFileSync(file, backup);
    await open();
    await vault?.erase(['customer 3', 'customer 4']);
    await close();
    copyFileSync(backup, file);
    rmSync(backup);
    const restored = secrets().filter(({ owner }) => owner === 'customer 3');
    expect(restored).toHaveLength(3);

    await open();
    expect(await vault?.isErased('customer 3')).toBe(true);
    expect(await vault?.existingKeys(['customer 3', 'customer 4'])).toEqual(new Map());
    expect(await vault?.find('email', 'customer 3@example.org')).toEqual([]);
    expect(await vault?.find('email', 'customer 5@example.org')).toEqual(['customer 5']);
    const after = bytes();
    expect(restored.some(({ secret }) => after.includes(secret))).toBe(false);
  });

  it('writes a lost ledger again from its tombstones', async () => {
    await open();
    await vault?.erase(['customer 3']);
    await close();
    rmSync(join(directory, 'erasures.log'));
    await open();
    expect(readFileSync(join(directory, 'erasures.log'), 'utf8')).toContain('"customer 3"');
  });

  it('is refused under another master key, and stays as it was', async () => {
    await open();
    await fill(10);
    await close();
    const before = bytes();
    await expect(open(Buffer.alloc(32, 2).toString('base64'))).rejects.toThrow(WrongMasterKey);
    expect(bytes().equals(before)).toBe(true);
    await open();
    expect((await vault?.existingKeys(['customer 1']))?.size).toBe(1);
  });

  it.each(['', 'short', Buffer.alloc(31).toString('base64'), `${'!'.repeat(43)}=`])(
    'takes no master key like %j',
    async (key) => expect(open(key)).rejects.toThrow('must be 32 bytes in base64'),
  );

  it('makes itself a master key that only its owner can read, says so once, and uses it again', async () => {
    const keyFile = join(directory, 'master.key');
    const openWithout = async () =>
      openEmbeddedKeyVault(directory, { announce: (message) => announced.push(message) });
    vault = await openWithout();
    const key = await keyOf(vault, 'ada');
    await close();
    vault = await openWithout();
    expect(await keyOf(vault, 'ada')).toEqual(key);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(announced).toEqual([expect.stringContaining(keyFile)]);
  });

  it('makes no new master key for a vault that had one', async () => {
    await open();
    await close();
    const without = openEmbeddedKeyVault(directory, { announce: () => {} });
    await expect(without).rejects.toThrow(
      /its master key is not: neither PERENNIAL_MASTER_KEY nor .*master\.key/,
    );
    expect(existsSync(join(directory, 'master.key'))).toBe(false);
  });
});
