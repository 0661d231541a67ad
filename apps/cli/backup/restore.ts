import { constants } from 'node:fs';
import { chmod, copyFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { prepareWarehouse } from '#apps/projector/prepare-warehouse';
import { loadTables } from '#apps/standalone/backup/kept-tables';
import { checkBackup, type Manifest, synchronise } from '#apps/standalone/backup/manifest';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { ErasureLedger } from '#personal-data/erasure-ledger';
import {
  DataDirectoryInUse,
  type DataDirectoryLock,
  lockDataDirectory,
  makeDirectory,
  OWNER_ONLY,
} from '#platform/data-directory';
import { createLogger } from '#platform/logging';
import { noProjector } from '#warehouse/boundary';
import { openWarehouse } from '#warehouse/warehouse';
import { CliError } from '../cli-error.js';
import { lastStep } from '../steps.js';
import { onTarget, type Target } from '../target.js';
import { eraseAgain } from './erase-again.js';

export interface RestoreOptions {
  /** The backup of the events, and that of the key vault. */
  readonly directory: string;
  readonly vault: string | undefined;
  readonly ledger: string | undefined;
  /** The new data directory. */
  readonly data: string;
  readonly masterKey: string | undefined;
  readonly olderVault: boolean;
  readonly step: (text: string) => void;
}

export interface Restored {
  readonly data: string;
  /** Of the backup: what came later, erasures apart, is not there. */
  readonly position: number;
  readonly events: number;
  /** Rows of tables that are not made from events. */
  readonly kept: Readonly<Record<string, number>>;
  /** How many had been erased since the backup; undefined without ledger and vault. */
  readonly erased: number | undefined;
  readonly notErased: readonly string[];
  readonly agrees: boolean;
  readonly seconds: number;
}

/** Marks a directory that a restore has begun and nobody else may use. */
const MARK = 'restore-has-not-ended';

/**
 * Everything is made in a directory beside the new one, which takes its name at the very end: whenever this is
 * killed, there is no data directory, and it can be run again. One that fails leaves nothing.
 */
export const restore = async (options: RestoreOptions): Promise<Restored> => {
  const started = performance.now();
  const { directory, vault, step } = options;
  const data = resolve(options.data);
  await demandEmpty(data);
  const manifest = await checkBackup(directory, 'data', (name) => step(`checksum of ${name}`));
  const keys = vault === undefined ? undefined : await checkBackup(vault, 'vault');
  if (keys && !options.olderVault) demandAllKeys(manifest, keys);
  const draft = `${data}.restoring`;
  const release = await begin(draft);
  const made = await fill(draft, options, manifest, keys, release).catch(async (error: unknown) => {
    await discard(draft);
    throw error;
  });
  await rm(join(draft, MARK));
  await synchronise(draft);
  await rename(draft, data);
  await synchronise(dirname(data));
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return {
    data,
    position: manifest.position,
    events: Math.max(0, manifest.position),
    ...made,
    seconds,
  };
};

/** Copies what the backup has, and lets a server make the rest. */
const fill = async (
  draft: string,
  { directory, vault, ledger, masterKey, step }: RestoreOptions,
  manifest: Manifest,
  keys: Manifest | undefined,
  release: () => void,
): Promise<Pick<Restored, 'kept' | 'erased' | 'notErased' | 'agrees'>> => {
  let kept: Restored['kept'];
  try {
    for (const { name, bytes } of [...manifest.files, ...(keys?.files ?? [])])
      if (name.endsWith('.db')) {
        step(`copying ${name}, ${bytes} bytes`);
        await copy(join(name === 'vault.db' ? (vault as string) : directory, name), join(draft, name));
      }
    if (ledger !== undefined) await copy(ledger, join(draft, 'erasures.log'));
    if (masterKey !== undefined) await copy(masterKey, join(draft, 'master.key'));
    kept = await restoreTables(directory, draft, step);
  } finally {
    release();
  }
  // The server itself lands the events, and makes the vault agree with the ledger before it answers.
  return onTarget({ data: draft }, async (target) => {
    await landed(target, step);
    const told = ledger !== undefined || vault !== undefined;
    const again = told ? await eraseAgain(target, ledgerOf(draft), step) : undefined;
    await landed(target, step);
    step('verify');
    const verified = await lastStep<{ agrees: boolean }>(target, '/v1/admin/verify', 'verify');
    return { kept, erased: again?.erased, notErased: again?.refused ?? [], agrees: verified.agrees };
  });
};

/** Of a restore that failed: nobody would look there for a copy of the key vault. */
const discard = async (draft: string): Promise<void> => {
  let lock: DataDirectoryLock;
  try {
    lock = lockDataDirectory(draft);
  } catch (error) {
    if (error instanceof DataDirectoryInUse) return; // another restore has taken it over
    throw error;
  }
  await rm(draft, { recursive: true, force: true });
  lock.release();
};

const demandEmpty = async (data: string): Promise<void> => {
  const entries = await readdir(data).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries.length > 0)
    throw new CliError(
      `${data} is not empty: a backup is restored into a new directory, and overwrites none.`,
    );
};

/** A key that was made after the vault was copied, of an event that was there when the events were. */
const demandAllKeys = (data: Manifest, vault: Manifest): void => {
  if (vault.position >= data.position) return;
  throw new CliError(
    `The backup of the vault is older (position ${vault.position}, ${vault.endedAt}) than that of the events ` +
      `(position ${data.position}, ${data.endedAt}): keys of later customers would be missing for good. ` +
      'Take a newer one, or say --older-vault.',
  );
};

/** Takes the draft directory, and clears what a restore that was cut off has left there. */
const begin = async (draft: string): Promise<() => void> => {
  const left = await readdir(draft).catch((): string[] => []);
  if (left.length > 0 && !left.includes(MARK))
    throw new CliError(`${draft} is in the way: it is not from a restore that was cut off. Move it.`);
  makeDirectory(draft, OWNER_ONLY);
  await writeFile(join(draft, MARK), '');
  const lock = lockDataDirectory(draft);
  for (const name of left)
    if (name !== MARK && name !== 'lock') await rm(join(draft, name), { recursive: true, force: true });
  return () => lock.release();
};

const copy = async (from: string, to: string): Promise<void> => {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, 0o600);
  await synchronise(to);
};

/** Reads every event once, to know the runs; what cannot be read is noticed here. */
const restoreTables = async (directory: string, draft: string, step: RestoreOptions['step']) => {
  const runs = new Set<string>();
  const store = new SqliteEventStore(join(draft, 'events.db'));
  try {
    for await (const { type, data, position } of store.readAll()) {
      if (type === 'ModelRunCompleted') runs.add((data as { modelRunId: string }).modelRunId);
      if (position % 50_000 === 0) step(`${position} events read`);
    }
  } finally {
    await store.close();
  }
  const warehouse = await openWarehouse({ dir: join(draft, 'warehouse') });
  try {
    await prepareWarehouse(warehouse, noProjector(warehouse), createLogger('warn'));
    return await loadTables(warehouse, directory, (id) => runs.has(id));
  } finally {
    await warehouse.close();
  }
};

/** After the vault was opened: the ledger given, and the tombstones of the vault. */
const ledgerOf = (draft: string): readonly string[] => {
  const ledger = new ErasureLedger(join(draft, 'erasures.log'));
  try {
    return [...ledger.all()];
  } finally {
    ledger.close();
  }
};

/** As long as it takes; what stands still for a while is told as a failure. */
const landed = async (target: Target, step: RestoreOptions['step']): Promise<void> => {
  let best = Number.POSITIVE_INFINITY;
  let movedAt = performance.now();
  for (;;) {
    const { freshness } = await target.json<{ freshness: { lagEvents: number } }>('/v1/admin/projections');
    const { lagEvents } = freshness;
    if (lagEvents === 0) return;
    step(`${lagEvents} events are still to be landed`);
    if (lagEvents < best) {
      best = lagEvents;
      movedAt = performance.now();
    } else if (performance.now() > movedAt + STANDSTILL_MS)
      throw new CliError(`The events do not land: ${lagEvents} are left. See the log above.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

const LOOK_MS = 100;
const STANDSTILL_MS = 60_000;
