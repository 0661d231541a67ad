import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sameContent } from '#eventing/same-content';
import { isSealed } from '#eventing/sealed';
import { CachingKeyVault } from '#personal-data/caching-key-vault';
import { CustomerErased, type KeyVault } from '#personal-data/key-vault';
import { MasterKey } from '#personal-data/master-key';
import { UnreadableSealed } from '#personal-data/sealed-value';
import { Sealer } from '#personal-data/sealer';
import { openSqliteKeyVault } from '#personal-data/sqlite/key-vault';

const ada = { owner: 'ada', stream: 'customer-ada' };
const PERSONAL = ['name', 'email', 'address.street', 'notes[].text'];
const command = {
  customerId: 'ada',
  name: 'Ada Lovelace',
  address: { street: 'Rue 1', country: 'FR' },
  notes: [{ text: 'likes numbers', kind: 'sealed.1.looks.1.like.it' }],
};

describe('the sealer', () => {
  let directory: string;
  let vaults: KeyVault[];
  let time: number;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'perennial-'));
    vaults = [];
    time = 0;
  });
  afterEach(async () => {
    for (const vault of vaults) await vault.close();
    rmSync(directory, { recursive: true });
  });

  /** Each like a process of its own: a connection and a cache. */
  const open = async (entries?: number) => {
    const stored = await openSqliteKeyVault({
      file: join(directory, 'vault.db'),
      ledgerFile: join(directory, 'erasures.log'),
      masterKey: new MasterKey(Buffer.alloc(32, 1).toString('base64')),
    });
    const vault = new CachingKeyVault(stored, { entries, maxAgeMs: 60_000, now: () => time });
    vaults.push(vault);
    return { vault, sealer: new Sealer(vault) };
  };

  it('seals the personal fields of a command and opens them wherever they went', async () => {
    const { sealer } = await open();
    const sealed = await sealer.sealFields(command, PERSONAL, ada);
    expect(JSON.stringify(sealed)).not.toMatch(/Lovelace|Rue 1|numbers/);
    expect(sealed).toMatchObject({ customerId: 'ada', address: { country: 'FR' } });
    const state = { current: { name: sealed.name }, places: [sealed.address], notes: sealed.notes };
    expect(await (await open()).sealer.openFields(state, ada)).toEqual({
      current: { name: command.name },
      places: [command.address],
      notes: command.notes,
    });
  });

  it('lets the same command be recognised, and another one told apart', async () => {
    const { sealer } = await open();
    const once = await sealer.sealFields(command, PERSONAL, ada);
    expect(sameContent(once, await sealer.sealFields(command, PERSONAL, ada))).toBe(true);
    const other = { ...command, name: 'Ada King' };
    expect(sameContent(once, await sealer.sealFields(other, PERSONAL, ada))).toBe(false);
  });

  it('seals a text that looks sealed like any other', async () => {
    const { sealer } = await open();
    const planted = await sealer.seal(ada, 'name', 'Ada');
    const sealed = await sealer.sealFields({ name: planted as string }, ['name'], ada);
    expect(sealed.name).not.toBe(planted);
    expect(await sealer.open(ada, 'name', sealed.name)).toBe(planted);
  });

  it('leaves closed what belongs elsewhere', async () => {
    const { sealer } = await open();
    const name = await sealer.seal(ada, 'name', 'Ada');
    await sealer.warm(['bob']);
    const bob = { owner: 'bob', stream: 'customer-bob' };
    for (const [place, data] of [
      [ada, { email: name }],
      [{ ...ada, stream: 'customer-bob' }, { name }],
      [bob, { name }],
      [{ ...bob, owner: 'nobody' }, { name }],
    ] as const)
      expect(await sealer.openFields(data, place)).toEqual(data);
    await expect(sealer.open(bob, 'name', name)).rejects.toThrow(UnreadableSealed);
    await expect(sealer.open({ ...ada, owner: 'nobody' }, 'name', name)).rejects.toThrow(UnreadableSealed);
  });

  it('neither seals nor opens for an erased owner', async () => {
    const { sealer, vault } = await open();
    const name = await sealer.seal(ada, 'name', 'Ada');
    await vault.erase(['ada']);
    await sealer.warm(['ada']);
    await expect(sealer.seal(ada, 'name', 'Ada')).rejects.toThrow(CustomerErased);
    await expect(sealer.sealFields(command, PERSONAL, ada)).rejects.toThrow(CustomerErased);
    await expect(sealer.open(ada, 'name', name)).rejects.toThrow(CustomerErased);
    expect(await sealer.openFields({ name, kind: 'person' }, ada)).toEqual({ name: null, kind: 'person' });
    expect(await sealer.sealFields({ orderId: '1' }, [], ada)).toEqual({ orderId: '1' });
  });

  it('stops opening, once its cache is a minute old, what another process erased', async () => {
    const { sealer } = await open();
    const other = await open();
    const name = await sealer.seal(ada, 'name', 'Ada');
    await other.vault.erase(['ada']);
    time = 59_999;
    expect(await sealer.open(ada, 'name', name)).toBe('Ada');
    time = 60_000;
    await expect(sealer.open(ada, 'name', name)).rejects.toThrow(CustomerErased);
  });

  it('works with more owners than its cache holds', async () => {
    const { sealer } = await open(3);
    const owners = Array.from({ length: 20 }, (_, i) => `customer ${i}`);
    await sealer.warm(owners);
    const places = owners.map((owner) => ({ owner, stream: `customer-${owner}` }));
    const sealed = await Promise.all(places.map((place) => sealer.seal(place, 'name', place.owner)));
    expect(sealed.every(isSealed)).toBe(true);
    const opened = places.map((place, i) => sealer.open(place, 'name', sealed[i] as string));
    expect(await Promise.all(opened)).toEqual(owners);
  });
});
