import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { copyCheckpoints, copyEventLog } from '#event-store/sqlite/copy-event-log';
import { conflict, invalid, PerennialError } from '#eventing/errors';
import type { EventStore } from '#eventing/event-store';
import type { SqliteVault } from '#personal-data/sqlite/key-vault';
import { makeDirectory, OWNER_ONLY } from '#platform/data-directory';
import type { Warehouse } from '#warehouse/warehouse';
import { fileOf, keptTables, saveTables } from './kept-tables.js';
import { type BackupKind, type Manifest, writeManifest } from './manifest.js';

export interface BackupPorts {
  readonly dataDirectory: string;
  /** The only place on this machine that backups are written to, whoever asks. */
  readonly backupDirectory: string;
  readonly eventStore: Pick<EventStore, 'head'>;
  readonly vault: Pick<SqliteVault, 'copyTo'>;
  readonly warehouse: Warehouse;
}

export type Step = (text: string) => void;

// What a backup holds, and in which order it is copied while everything goes on:
//
// 1. The checkpoints. Copied before the events, they are never ahead of them: a process that goes on from a
//    checkpoint does again what it has done, which it can, and leaves out nothing.
// 2. The events, as of one moment. Everything that was acknowledged before the backup began is among them.
// 3. What only the warehouse has (kept-tables.ts). A run's scores are written before the run's event, so copied after
//    the events the scores of each run among them are whole. All else in the warehouse, and how far it has landed, is
//    left out and made from the events again: so it can never know of events that the log has not.
// 4. The key vault, a backup of its own. A key is made before the event that is sealed with it, so a vault that is
//    copied after the events has all their keys. Who was erased since is in the ledger (erasures.log), which is in
//    neither, because it corrects both; nor is the master key.

/** Copies what a data directory keeps, while it is used. */
export class Backups {
  private busy = false;

  constructor(private readonly ports: BackupPorts) {}

  /** @throws PerennialError `backup-name`, `backup-exists`, `backup-under-way`, `backup-disk-full`, `directory-unusable` */
  async make(kind: BackupKind, name: string, step: Step): Promise<Manifest & { readonly directory: string }> {
    if (this.busy) throw conflict('backup-under-way', 'A backup is being made; wait for its end.');
    this.busy = true;
    try {
      const directory = await this.emptyDirectory(name);
      try {
        const manifest = await (kind === 'data' ? this.data(directory, step) : this.keys(directory, step));
        return { directory, ...manifest };
      } catch (error) {
        await rm(directory, { recursive: true, force: true });
        throw isFull(error) ? diskFull(directory) : error;
      }
    } finally {
      this.busy = false;
    }
  }

  private async data(directory: string, step: Step): Promise<Manifest> {
    const { dataDirectory, warehouse } = this.ports;
    const begunAt = new Date().toISOString();
    await this.demandRoom(directory, ['checkpoints.db', 'events.db', 'events.db-wal']);
    await copyCheckpoints(join(dataDirectory, 'checkpoints.db'), join(directory, 'checkpoints.db'));
    const position = await copyEventLog(
      join(dataDirectory, 'events.db'),
      join(directory, 'events.db'),
      progress('events', step),
    );
    await saveTables(warehouse, directory, (table, rows) => step(`${table}: ${rows} rows`));
    step('checksums');
    const names = ['checkpoints.db', 'events.db', ...keptTables.map(fileOf)];
    return writeManifest(directory, { kind: 'data', begunAt, position, names });
  }

  private async keys(directory: string, step: Step): Promise<Manifest> {
    const { eventStore, vault } = this.ports;
    const begunAt = new Date().toISOString();
    await this.demandRoom(directory, ['vault.db', 'vault.db-wal']);
    // Read before the copy: the keys of all events up to here have been made.
    const position = await eventStore.head();
    await vault.copyTo(join(directory, 'vault.db'), progress('key vault', step));
    return writeManifest(directory, { kind: 'vault', begunAt, position, names: ['vault.db'] });
  }

  private async emptyDirectory(name: string): Promise<string> {
    if (!NAME.test(name))
      throw invalid(
        'backup-name',
        'The name of a backup has letters, digits, dots, hyphens and underscores, and begins with a letter or digit: ' +
          'it is written below the backup directory of the server (PERENNIAL_BACKUP_DIRECTORY).',
      );
    const directory = join(this.ports.backupDirectory, name);
    makeDirectory(directory, OWNER_ONLY);
    if ((await readdir(directory)).length > 0)
      throw conflict('backup-exists', `${directory} is not empty: take another name, or remove it.`);
    return directory;
  }

  private async demandRoom(directory: string, files: readonly string[]): Promise<void> {
    let needed = 0;
    for (const file of files)
      needed += await stat(join(this.ports.dataDirectory, file)).then(
        ({ size }) => size,
        () => 0,
      );
    const { bavail, bsize } = await statfs(directory);
    if (bavail * bsize >= needed) return;
    throw diskFull(directory, `${megabytes(needed)} are needed, ${megabytes(bavail * bsize)} are free.`);
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

const PAGE_BYTES = 4096;

/** Tells how much of a file is copied, not more often than it changes by a hundredth. */
const progress = (what: string, step: Step) => {
  let told = -1;
  return (done: number, of: number): void => {
    const hundredths = of === 0 ? 100 : Math.floor((100 * done) / of);
    if (hundredths === told) return;
    told = hundredths;
    step(`${what}: ${hundredths} % of ${megabytes(of * PAGE_BYTES)}`);
  };
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');

const diskFull = (directory: string, why = 'It was filled while the backup was made.'): PerennialError =>
  new PerennialError('unavailable', 'backup-disk-full', `The disk of ${directory} has no room: ${why}`);
