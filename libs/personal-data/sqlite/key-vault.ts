import type { Statement } from 'better-sqlite3';
import { PerennialError } from '#eventing/errors';
import { GroupCommit } from '#sqlite/group-commit';
import { openSqlite, type Sqlite } from '#sqlite/open-sqlite';
import { OtherWriters } from '#sqlite/other-writers';
import { ErasureLedger } from '../erasure-ledger.js';
import type { KeyVault, LookUp, LookUpKind, OwnerKey } from '../key-vault.js';
import { type MasterKey, WrongMasterKey } from '../master-key.js';
import { migrations } from './migrations.js';
import { fileHolds } from './residue.js';

export interface SqliteKeyVaultOptions {
  readonly file: string;
  /** Kept outside the vault's file and its backups, because it corrects a backup that is put back. */
  readonly ledgerFile: string;
  readonly masterKey: MasterKey;
}

interface KeyRow {
  readonly id: string;
  readonly version: number;
  readonly wrapped: Buffer;
}

/** The vault of one file, which can be copied while it is used. */
export interface SqliteVault extends KeyVault {
  /**
   * Copies it as it is when the copy ends: no key that was made before this call is missing, and of those erased
   * meanwhile none is there. Through the connection that writes, so that neither waits for the other.
   */
  copyTo(file: string, onProgress?: (done: number, of: number) => void): Promise<void>;
}

/** So many secrets are looked for one by one after an erasure; for more the file is rewritten in any case. */
const MOST_SOUGHT = 64;
/** Copied in one go; between two of them others have their turn. */
const COPIED_PAGES = 64;

/** @throws WrongMasterKey before anything is changed */
export const openSqliteKeyVault = async ({
  file,
  ledgerFile,
  masterKey,
}: SqliteKeyVaultOptions): Promise<SqliteVault> => {
  const vault = new SqliteKeyVault(
    openUnder(masterKey, file),
    file,
    masterKey,
    new ErasureLedger(ledgerFile),
  );
  try {
    await vault.agreeWithLedger();
    return vault;
  } catch (error) {
    await vault.close();
    throw error;
  }
};

const openUnder = (masterKey: MasterKey, file: string): Sqlite => {
  const db = openSqlite(file, { migrations, secureDelete: true });
  const known = db.prepare<[], string>('SELECT fingerprint FROM master_key').pluck();
  if (known.get() === undefined)
    db.prepare('INSERT OR IGNORE INTO master_key VALUES (1, ?)').run(masterKey.fingerprint);
  if (known.get() === masterKey.fingerprint) return db;
  db.close();
  throw new WrongMasterKey();
};

class SqliteKeyVault implements SqliteVault {
  private readonly commits: GroupCommit;
  /** Every command asks whether its customer is among them. */
  private erased = new Set<string>();
  private readonly others: OtherWriters;
  /** Erasures of which copies may be left, because they were cut off before the file was searched for them. */
  private cutOff: number[];
  private readonly insertUnsearched: Statement<[]>;
  private readonly deleteUnsearched: Statement<[number]>;
  private readonly selectKey: Statement<[string], KeyRow>;
  private readonly insertKey: Statement<[string, string, number, Buffer]>;
  private readonly deleteKey: Statement<[string], Buffer>;
  private readonly selectTombstone: Statement<[string], number>;
  private readonly selectTombstones: Statement<[], string>;
  private readonly insertTombstone: Statement<[string, string]>;
  private readonly insertLookUp: Statement<[Buffer, string]>;
  private readonly deleteLookUp: Statement<[Buffer, string]>;
  private readonly deleteLookUps: Statement<[string], Buffer>;
  private readonly selectOwners: Statement<[Buffer], string>;

  constructor(
    private readonly db: Sqlite,
    private readonly file: string,
    private readonly masterKey: MasterKey,
    private readonly ledger: ErasureLedger,
  ) {
    this.commits = new GroupCommit(db);
    this.others = new OtherWriters(db);
    this.cutOff = db.prepare<[], number>('SELECT erasure FROM unsearched').pluck().all();
    this.insertUnsearched = db.prepare('INSERT INTO unsearched DEFAULT VALUES');
    this.deleteUnsearched = db.prepare('DELETE FROM unsearched WHERE erasure = ?');
    this.selectKey = db.prepare('SELECT id, version, wrapped FROM keys WHERE owner = ?');
    this.insertKey = db.prepare('INSERT INTO keys (owner, id, version, wrapped) VALUES (?, ?, ?, ?)');
    this.deleteKey = db
      .prepare<[string], Buffer>('DELETE FROM keys WHERE owner = ? RETURNING wrapped')
      .pluck();
    this.selectTombstone = db.prepare<[string], number>('SELECT 1 FROM tombstones WHERE owner = ?').pluck();
    this.selectTombstones = db.prepare<[], string>('SELECT owner FROM tombstones').pluck();
    this.insertTombstone = db.prepare('INSERT OR IGNORE INTO tombstones VALUES (?, ?)');
    this.insertLookUp = db.prepare('INSERT OR IGNORE INTO look_ups VALUES (?, ?)');
    this.deleteLookUp = db.prepare('DELETE FROM look_ups WHERE hash = ? AND owner = ?');
    this.deleteLookUps = db
      .prepare<[string], Buffer>('DELETE FROM look_ups WHERE owner = ? RETURNING hash')
      .pluck();
    this.selectOwners = db.prepare<[Buffer], string>('SELECT owner FROM look_ups WHERE hash = ?').pluck();
  }

  /** An older vault that was put back forgets again whom it should; a lost ledger learns from the tombstones. */
  async agreeWithLedger(): Promise<void> {
    const tombstones = this.selectTombstones.all();
    const known = new Set(tombstones);
    const forgotten = [...this.ledger.all()].filter((owner) => !known.has(owner));
    this.ledger.append(tombstones);
    // A process that died while it erased may have left the write-ahead log as it was.
    this.truncateWriteAheadLog();
    await this.erase(forgotten);
    if (this.cutOff.length > 0) await this.rewrite();
  }

  async keysFor(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>> {
    const keys = this.read(owners);
    const missing = owners.filter((owner) => !keys.has(owner));
    if (missing.length === 0) return keys;
    return new Map([...keys, ...(await this.commits.run(() => this.make(missing)))]);
  }

  async existingKeys(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>> {
    return this.read(owners);
  }

  async erase(owners: readonly string[]): Promise<void> {
    if (owners.length === 0) return;
    this.ledger.append(owners);
    const { secrets, erasure } = await this.commits.run(() => this.remove(owners));
    for (const owner of owners) this.erased.add(owner);
    try {
      this.truncateWriteAheadLog();
      // SQLite zeroes what it deletes, but not always the copy that a row leaves behind when a page is split.
      const few = secrets.length <= MOST_SOUGHT && this.cutOff.length === 0;
      if (few && !(await fileHolds(this.file, secrets))) await this.searched([erasure]);
      else await this.rewrite(erasure);
    } catch (error) {
      this.cutOff.push(erasure);
      throw error;
    }
  }

  /** Leaves nothing in the file but what it says, whatever was deleted before. */
  private async rewrite(...erasures: readonly number[]): Promise<void> {
    const done = [...this.cutOff, ...erasures];
    this.db.exec('VACUUM');
    this.truncateWriteAheadLog();
    this.cutOff = this.cutOff.filter((erasure) => !done.includes(erasure));
    await this.searched(done);
  }

  private async searched(erasures: readonly number[]): Promise<void> {
    await this.commits.run(() => {
      for (const erasure of erasures) this.deleteUnsearched.run(erasure);
    });
  }

  async isErased(owner: string): Promise<boolean> {
    if (this.others.mayHaveWritten()) this.erased = new Set(this.selectTombstones.all());
    return this.erased.has(owner);
  }

  putLookUps(lookUps: readonly LookUp[]): Promise<void> {
    return this.commits.run(() => {
      for (const { owner, kind, value } of lookUps) {
        if (this.selectTombstone.get(owner)) continue;
        this.insertLookUp.run(this.masterKey.lookUpHash(kind, value), owner);
      }
    });
  }

  removeLookUps(lookUps: readonly LookUp[]): Promise<void> {
    return this.commits.run(() => {
      for (const { owner, kind, value } of lookUps)
        this.deleteLookUp.run(this.masterKey.lookUpHash(kind, value), owner);
    });
  }

  async find(kind: LookUpKind, value: string): Promise<readonly string[]> {
    return this.selectOwners.all(this.masterKey.lookUpHash(kind, value));
  }

  async copyTo(file: string, onProgress: (done: number, of: number) => void = () => {}): Promise<void> {
    await this.db.backup(file, {
      progress: ({ totalPages, remainingPages }) => {
        onProgress(totalPages - remainingPages, totalPages);
        return COPIED_PAGES;
      },
    });
  }

  async close(): Promise<void> {
    this.commits.close();
    this.db.close();
    this.ledger.close();
  }

  private read(owners: readonly string[]): Map<string, OwnerKey> {
    const keys = new Map<string, OwnerKey>();
    for (const owner of owners) {
      const row = this.selectKey.get(owner);
      if (row) keys.set(owner, this.masterKey.unwrap(owner, row.id, row.version, row.wrapped));
    }
    return keys;
  }

  /** Within a transaction: somebody else may have made, or erased, them since they were found missing. */
  private make(owners: readonly string[]): Map<string, OwnerKey> {
    const keys = this.read(owners);
    for (const owner of owners) {
      if (keys.has(owner) || this.selectTombstone.get(owner)) continue;
      const { key, wrapped } = this.masterKey.newKey(owner);
      this.insertKey.run(owner, key.id, key.version, wrapped);
      keys.set(owner, key);
    }
    return keys;
  }

  /** Returns the secrets that were deleted, which no file may hold from now on, and the number of this erasure. */
  private remove(owners: readonly string[]): { secrets: Buffer[]; erasure: number } {
    const erasedAt = new Date().toISOString();
    const erasure = Number(this.insertUnsearched.run().lastInsertRowid);
    const secrets = owners.flatMap((owner) => {
      this.insertTombstone.run(owner, erasedAt);
      return [...this.deleteKey.all(owner), ...this.deleteLookUps.all(owner)];
    });
    return { secrets, erasure };
  }

  /** Until then the log holds the pages as they were before. */
  private truncateWriteAheadLog(): void {
    const [result] = this.db.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
    if (result.busy)
      throw new PerennialError(
        'unavailable',
        'vault-busy',
        'Another process reads the key vault: what was erased may still stand in its write-ahead log. Erase again.',
      );
  }
}
