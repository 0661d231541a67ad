import { afterEach, expect, it } from '@jest/globals';
import type { Connection, Postgres } from '#postgres/postgres';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { describeWithPostgres } from '#test/support/servers/postgres';
import { testPostgres } from '#test/support/test-postgres';
import { type KeyVault, keyOf } from '../key-vault.js';
import { MasterKey, WrongMasterKey } from '../master-key.js';
import { openPostgresKeyVault } from './key-vault.js';
import { openSharedKeyVault } from './shared-key-vault.js';

const masterKey = Buffer.alloc(32, 1).toString('base64');
const email = (owner: string) => ({ owner, kind: 'email' as const, value: `${owner}@example.org` });

describeWithPostgres('the key vault in PostgreSQL', () => {
  const database = testPostgres();
  let closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing) await close();
    closing = [];
    await database.clear();
  });

  const open = async (key = masterKey) => {
    const postgres = await database.open();
    return { postgres, vault: await openPostgresKeyVault({ postgres, masterKey: new MasterKey(key) }) };
  };
  const openShared = async (maxAgeMs: number) => {
    const postgres = await database.open();
    const vault = await openSharedKeyVault({ postgres, masterKey, cache: { maxAgeMs } });
    closing.push(() => vault.close());
    return vault;
  };
  const fill = async (vault: KeyVault, count: number) => {
    const owners = Array.from({ length: count }, (_, i) => `customer ${i}`);
    await vault.keysFor(owners);
    await vault.putLookUps(owners.map(email));
  };
  /** The wrapped key and the hashes as they stand in the tables. */
  const secretsOf = async ({ query }: Postgres, owner: string): Promise<Buffer[]> => {
    const { rows } = await query<{ secret: Buffer }>(
      `SELECT wrapped AS secret FROM perennial.keys WHERE owner = $1
       UNION ALL SELECT hash FROM perennial.look_ups WHERE owner = $1`,
      [owner],
    );
    return rows.map(({ secret }) => secret);
  };
  /** In how many files of the whole database, PostgreSQL's own tables too, any of them stands. */
  const filesWith = async ({ query }: Postgres, secrets: readonly Buffer[]): Promise<number> => {
    await query('CHECKPOINT');
    const { rows } = await query<{ files: string }>(
      `SELECT count(*) AS files FROM (
         SELECT pg_read_binary_file(directory || '/' || name, 0, 1000000000, true) AS bytes
         FROM (SELECT 'base/' || oid AS directory FROM pg_database WHERE datname = current_database()) AS here,
           LATERAL pg_ls_dir(directory) AS name
       ) AS file WHERE EXISTS (SELECT FROM unnest($1::bytea[]) AS secret WHERE position(secret IN bytes) > 0)`,
      [secrets],
    );
    return Number(rows[0]?.files);
  };
  const locked = async (table: string): Promise<Connection> => {
    const connection = await (await database.open()).connect();
    closing.push(() => connection.close());
    await connection.query(`BEGIN; LOCK TABLE ${table} IN ACCESS SHARE MODE`);
    return connection;
  };

  it('leaves nothing in the files of the database of whom it erased', async () => {
    const { postgres, vault } = await open();
    await fill(vault, 300);
    const mine = await secretsOf(postgres, 'customer 7');
    const others = await secretsOf(postgres, 'customer 8');
    expect(mine).toHaveLength(2);
    // What PostgreSQL would otherwise keep copies of: samples for its planner, rows that a change has left behind.
    await postgres.query('ANALYZE perennial.keys');
    await postgres.query('ANALYZE perennial.look_ups');
    await vault.removeLookUps([email('customer 7')]);
    expect(await filesWith(postgres, mine)).toBeGreaterThanOrEqual(2);
    await vault.erase(['customer 7']);
    expect(await filesWith(postgres, mine)).toBe(0);
    expect(await filesWith(postgres, others)).toBeGreaterThanOrEqual(2);
    expect((await vault.existingKeys(Array.from({ length: 300 }, (_, i) => `customer ${i}`))).size).toBe(299);
    expect(await vault.find('email', 'customer 8@example.org')).toEqual(['customer 8']);
  });

  it('keeps no key, and nothing one can be found by, in the clear', async () => {
    const { postgres, vault } = await open();
    await fill(vault, 3);
    const { secret } = await keyOf(vault, 'customer 1');
    expect(await filesWith(postgres, [secret])).toBe(0);
    expect(await filesWith(postgres, [Buffer.from('@example.org')])).toBe(0);
    expect(await filesWith(postgres, [Buffer.from('customer 1')])).toBeGreaterThan(0);
  });

  it('gives nobody what is being erased while a backup reads, and finishes when it is asked again', async () => {
    const { postgres, vault } = await open();
    await fill(vault, 3);
    const mine = await secretsOf(postgres, 'customer 1');
    const backup = await locked('perennial.keys');
    await expect(vault.erase(['customer 1'])).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'vault-busy',
    });
    expect(await vault.existingKeys(['customer 1'])).toEqual(new Map());
    expect(await vault.isErased('customer 1')).toBe(true);
    await backup.close();
    await vault.erase(['customer 1']);
    expect(await filesWith(postgres, mine)).toBe(0);
  });

  it('finishes an erasure during which its process died', async () => {
    const { postgres, vault } = await open();
    await fill(vault, 3);
    const mine = await secretsOf(postgres, 'customer 1');
    const backup = await locked('perennial.keys');
    await expect(vault.erase(['customer 1'])).rejects.toMatchObject({ code: 'vault-busy' });
    await backup.close();
    expect(await filesWith(postgres, mine)).toBeGreaterThan(0);
    await open();
    expect(await filesWith(postgres, mine)).toBe(0);
  });

  it('forgets again whom it should when only its keys and look-ups are put back', async () => {
    const { postgres, vault } = await open();
    await fill(vault, 3);
    const mine = await secretsOf(postgres, 'customer 1');
    const [key, hash] = mine;
    const { rows } = await postgres.query<{ id: string }>(
      "SELECT id FROM perennial.keys WHERE owner = 'customer 1'",
    );
    await vault.erase(['customer 1']);
    await postgres.query("INSERT INTO perennial.keys VALUES ('customer 1', $1, 1, $2)", [rows[0]?.id, key]);
    await postgres.query("INSERT INTO perennial.look_ups VALUES ('customer 1', $1)", [hash]);
    expect(await vault.existingKeys(['customer 1'])).not.toEqual(new Map());
    const { vault: reopened } = await open();
    expect(await reopened.existingKeys(['customer 1'])).toEqual(new Map());
    expect(await reopened.find('email', 'customer 1@example.org')).toEqual([]);
    expect(await filesWith(postgres, mine)).toBe(0);
  });

  it('leaves no look-up behind when it is put and erased at the same time', async () => {
    const [one, other] = [await open(), await open()];
    for (let i = 0; i < 10; i++) {
      const owner = `customer ${i}`;
      await Promise.all([
        other.vault.putLookUps([email(owner)]),
        one.vault.erase([owner]),
        one.vault.putLookUps([email(owner)]),
      ]);
      expect(await other.vault.find('email', `${owner}@example.org`)).toEqual([]);
    }
  });

  it('erases for many who ask at the same time', async () => {
    const vaults = [await open(), await open(), await open()].map(({ vault }) => vault);
    await fill(vaults[0]!, 100);
    const owners = Array.from({ length: 90 }, (_, i) => `customer ${i}`);
    await Promise.all(vaults.map((vault, i) => vault.erase(owners.slice(i * 20, i * 20 + 50))));
    const left = await vaults[1]!.existingKeys(Array.from({ length: 100 }, (_, i) => `customer ${i}`));
    expect([...left.keys()].sort()).toEqual(Array.from({ length: 10 }, (_, i) => `customer ${90 + i}`));
  });

  it('makes its tables once when many open it at the same time', async () => {
    const { postgres } = await open();
    await postgres.query('DROP SCHEMA perennial CASCADE');
    const vaults = await Promise.all([open(), open(), open(), open()]);
    const keys = await Promise.all(vaults.map(({ vault }) => keyOf(vault, 'ada')));
    for (const key of keys) expect(key).toEqual(keys[0]);
  });

  it('is refused under another master key, and stays as it was', async () => {
    const { postgres, vault } = await open();
    await fill(vault, 3);
    const all = async () => [
      (await postgres.query('SELECT xmin, * FROM perennial.keys ORDER BY owner')).rows,
      (await postgres.query('SELECT xmin, * FROM perennial.master_key')).rows,
    ];
    const before = await all();
    await expect(open(Buffer.alloc(32, 2).toString('base64'))).rejects.toThrow(WrongMasterKey);
    expect(await all()).toEqual(before);
    expect((await vault.existingKeys(['customer 1'])).size).toBe(1);
  });

  it('forgets at once what another process erases', async () => {
    const [one, other] = [await openShared(3_600_000), await openShared(3_600_000)];
    await keyOf(one, 'ada');
    const bob = await keyOf(other, 'bob');
    expect((await other.existingKeys(['ada'])).size).toBe(1);
    await one.erase(['ada']);
    await until(async () => (await other.existingKeys(['ada'])).size === 0);
    expect(await keyOf(other, 'bob')).toEqual(bob);
  });

  it('forgets everything when it may have missed an erasure', async () => {
    const [one, other] = [await openShared(3_600_000), await openShared(3_600_000)];
    await keyOf(one, 'ada');
    await keyOf(other, 'ada');
    const { postgres } = await open();
    // Those who listen hear nothing of this one.
    await postgres.query("DELETE FROM perennial.keys WHERE owner = 'ada'");
    expect((await other.existingKeys(['ada'])).size).toBe(1);
    await postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    );
    await until(async () => (await other.existingKeys(['ada'])).size === 0);
    // And hears again.
    const eve = await keyOf(other, 'eve');
    expect(await keyOf(one, 'eve')).toEqual(eve);
    await one.erase(['eve']);
    await until(async () => (await other.existingKeys(['eve'])).size === 0);
  });

  it('gives two processes that make the same keys at once the same ones', async () => {
    const children: TsProcess[] = ['', 'yes'].map((backwards) =>
      runTs('test/contract/key-vault-maker.child.ts', [], {
        env: { DATABASE: database.url(), MASTER_KEY: masterKey, BACKWARDS: backwards },
      }),
    );
    for (const child of children) await child.waitForLine(/^ready$/);
    for (const child of children) child.send('go');
    const [mine, others] = await Promise.all(children.map((child) => child.waitForLine(/^500 keys/)));
    for (const child of children) await child.finished();
    expect(mine).toBe(others);
  });
});

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('not so in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
