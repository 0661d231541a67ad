import type { Postgres, Query } from '#postgres/postgres';
import type { KeyVault, LookUp, LookUpKind, OwnerKey } from '../key-vault.js';
import { type MasterKey, WrongMasterKey } from '../master-key.js';
import { destroyErased } from './destroy-erased.js';
import { ErasureNotices, type Forgetful, NOTIFY } from './erasure-notices.js';
import { migrations } from './migrations.js';
import { Together } from './together.js';

export interface PostgresKeyVaultOptions {
  readonly postgres: Postgres;
  readonly masterKey: MasterKey;
}

interface KeyRow {
  readonly owner: string;
  readonly id: string;
  readonly version: number;
  readonly wrapped: Buffer;
}

/**
 * The vault that several processes share. `close` leaves the pool to whoever opened it.
 * @throws WrongMasterKey before anything is changed, DatabaseUnavailable
 */
export const openPostgresKeyVault = async ({
  postgres,
  masterKey,
}: PostgresKeyVaultOptions): Promise<PostgresKeyVault> => {
  await postgres.migrate('key-vault', migrations);
  await demandMasterKey(postgres, masterKey);
  await agreeWithTombstones(postgres);
  return new PostgresKeyVault(postgres, masterKey);
};

const demandMasterKey = async ({ query }: Postgres, { fingerprint }: MasterKey): Promise<void> => {
  await query('INSERT INTO perennial.master_key (fingerprint) VALUES ($1) ON CONFLICT DO NOTHING', [
    fingerprint,
  ]);
  const { rows } = await query<{ fingerprint: string }>('SELECT fingerprint FROM perennial.master_key');
  if (rows[0]?.fingerprint !== fingerprint) throw new WrongMasterKey();
};

const SELECT_KEY = 'SELECT owner, id, version, wrapped FROM perennial.keys WHERE owner = $1';

// One by one, each in the partition where it can be: `owner = ANY` would look for all of them in every partition (500
// of a million: 4 ms instead of 200).
const SELECT_KEYS = `
  SELECT found.* FROM unnest($1::text[]) AS asked (owner), LATERAL (
    SELECT owner, id, version, wrapped FROM perennial.keys WHERE keys.owner = asked.owner LIMIT 1
  ) AS found`;

/** Takes erasures to their end that a process left when it died, or that a restore of some tables has undone. */
const agreeWithTombstones = async (postgres: Postgres): Promise<void> => {
  // OFFSET 0: looked for one by one, instead of reading all keys.
  await postgres.query(
    `UPDATE perennial.tombstones SET destroyed = false WHERE destroyed AND (
       EXISTS (SELECT FROM perennial.keys WHERE keys.owner = tombstones.owner OFFSET 0)
       OR EXISTS (SELECT FROM perennial.look_ups WHERE look_ups.owner = tombstones.owner OFFSET 0))`,
  );
  await destroyErased(postgres);
};

// How making a key and erasing its owner at the same time end well. Every statement that adds a key or a look-up
// leaves out owners with a tombstone. PostgreSQL locks the table that a statement adds to before it decides which
// rows the statement sees; an erasure keeps everybody from adding (SHARE ROW EXCLUSIVE) while it writes its
// tombstones. So a statement is either done before the erasure looks for what is to be deleted, or sees the tombstone.
export class PostgresKeyVault implements KeyVault {
  private notices: ErasureNotices | undefined;
  /** Every command asks whether its customer is erased: questions of the same moment go as one. */
  private readonly erasedAmong: Together<string, boolean>;

  constructor(
    private readonly postgres: Postgres,
    private readonly masterKey: MasterKey,
  ) {
    this.erasedAmong = new Together(async (owners) => {
      const { rows } = await postgres.query<{ owner: string }>(
        'SELECT owner FROM perennial.tombstones WHERE owner = ANY ($1)',
        [owners],
      );
      const erased = new Set(rows.map(({ owner }) => owner));
      return (owner) => erased.has(owner);
    });
  }

  async keysFor(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>> {
    const keys = await this.read(owners);
    const missing = [...new Set(owners)].filter((owner) => !keys.has(owner));
    if (missing.length === 0) return keys;
    const made = await this.make(missing);
    for (const [owner, key] of made) keys.set(owner, key);
    // Somebody else was faster, or they are erased.
    const left = missing.filter((owner) => !made.has(owner));
    if (left.length > 0) for (const [owner, key] of await this.read(left)) keys.set(owner, key);
    return keys;
  }

  existingKeys(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>> {
    return this.read(owners);
  }

  async erase(owners: readonly string[]): Promise<void> {
    if (owners.length === 0) return;
    await this.postgres.transaction((query) => remove(query, [...new Set(owners)]));
    await destroyErased(this.postgres);
  }

  isErased(owner: string): Promise<boolean> {
    return this.erasedAmong.ask(owner);
  }

  async putLookUps(lookUps: readonly LookUp[]): Promise<void> {
    if (lookUps.length === 0) return;
    // In one order, because two who add the same in another order would wait for each other.
    await this.postgres.query(
      `INSERT INTO perennial.look_ups (owner, hash)
       SELECT owner, hash FROM unnest($1::text[], $2::bytea[]) AS added (owner, hash)
       WHERE NOT EXISTS (SELECT FROM perennial.tombstones WHERE tombstones.owner = added.owner)
       ORDER BY owner COLLATE "C", hash
       ON CONFLICT DO NOTHING`,
      this.columnsOf(lookUps),
    );
  }

  async removeLookUps(lookUps: readonly LookUp[]): Promise<void> {
    if (lookUps.length === 0) return;
    await this.postgres.query(
      `DELETE FROM perennial.look_ups
       WHERE owner = ANY ($1) AND (owner, hash) IN (SELECT * FROM unnest($1::text[], $2::bytea[]))`,
      this.columnsOf(lookUps),
    );
  }

  async find(kind: LookUpKind, value: string): Promise<readonly string[]> {
    const { rows } = await this.postgres.query<{ owner: string }>(
      'SELECT owner FROM perennial.look_ups WHERE hash = $1',
      [this.masterKey.lookUpHash(kind, value)],
    );
    return rows.map(({ owner }) => owner);
  }

  /** From now on until it is closed. @throws DatabaseUnavailable */
  async tellOfErasures(forgetful: Forgetful): Promise<void> {
    this.notices = await ErasureNotices.start(this.postgres, forgetful);
  }

  async close(): Promise<void> {
    await this.notices?.stop();
  }

  private async read(owners: readonly string[]): Promise<Map<string, OwnerKey>> {
    const keys = new Map<string, OwnerKey>();
    if (owners.length === 0) return keys;
    const { rows } = await this.postgres.query<KeyRow>(
      owners.length === 1 ? SELECT_KEY : SELECT_KEYS,
      owners.length === 1 ? owners : [[...new Set(owners)]],
    );
    for (const { owner, id, version, wrapped } of rows)
      keys.set(owner, this.masterKey.unwrap(owner, id, version, wrapped));
    return keys;
  }

  /** Those that nobody else has made meanwhile, and that are not erased. */
  private async make(owners: readonly string[]): Promise<Map<string, OwnerKey>> {
    const made = new Map(owners.map((owner) => [owner, this.masterKey.newKey(owner)]));
    const all = [...made.values()];
    const { rows } = await this.postgres.query<{ owner: string }>(
      `INSERT INTO perennial.keys (owner, id, version, wrapped)
       SELECT owner, id, version, wrapped
       FROM unnest($1::text[], $2::text[], $3::integer[], $4::bytea[]) AS made (owner, id, version, wrapped)
       WHERE NOT EXISTS (SELECT FROM perennial.tombstones WHERE tombstones.owner = made.owner)
       ORDER BY owner COLLATE "C"
       ON CONFLICT DO NOTHING
       RETURNING owner`,
      [
        [...made.keys()],
        all.map(({ key }) => key.id),
        all.map(({ key }) => key.version),
        all.map(({ wrapped }) => wrapped),
      ],
    );
    return new Map(
      rows.flatMap(({ owner }) => {
        const key = made.get(owner)?.key;
        return key ? [[owner, key]] : [];
      }),
    );
  }

  private columnsOf(lookUps: readonly LookUp[]): readonly [string[], Buffer[]] {
    return [
      lookUps.map(({ owner }) => owner),
      lookUps.map(({ kind, value }) => this.masterKey.lookUpHash(kind, value)),
    ];
  }
}

/** From its commit on nobody gets these keys. */
const remove = async (query: Query, owners: readonly string[]): Promise<void> => {
  await query('LOCK TABLE ONLY perennial.keys, ONLY perennial.look_ups IN SHARE ROW EXCLUSIVE MODE');
  // A tombstone that was there already counts as new when something was restored behind its back.
  await query(
    `WITH gone AS (DELETE FROM perennial.keys WHERE owner = ANY ($1) RETURNING owner),
       unfindable AS (DELETE FROM perennial.look_ups WHERE owner = ANY ($1) RETURNING owner)
     INSERT INTO perennial.tombstones AS known (owner) SELECT unnest($1::text[])
     ON CONFLICT (owner) DO UPDATE SET destroyed = false
       WHERE known.owner IN (SELECT owner FROM gone UNION SELECT owner FROM unfindable)`,
    [owners],
  );
  await query(NOTIFY, [owners]);
};
