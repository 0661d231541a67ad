import { createHash } from 'node:crypto';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { refused } from '#eventing/errors';
import { version } from '#platform/package-root';

/** What belongs together: the events and what goes with them, or the keys, which are kept for a shorter time. */
export type BackupKind = 'data' | 'vault';

/** What a backup says of itself. Written last: a directory without it is none. */
export interface Manifest {
  readonly format: number;
  readonly kind: BackupKind;
  /** Of the program that made it. */
  readonly version: string;
  readonly begunAt: string;
  readonly endedAt: string;
  /** Of data, the last event in it. Of a vault, an event up to which no key is missing. */
  readonly position: number;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

const FORMAT = 1;
const MANIFEST = 'manifest.json';

/** Brings the files to disk, then says that they are whole. */
export const writeManifest = async (
  directory: string,
  { names, ...said }: Pick<Manifest, 'kind' | 'begunAt' | 'position'> & { readonly names: readonly string[] },
): Promise<Manifest> => {
  const files: Manifest['files'][number][] = [];
  for (const name of names) {
    const file = join(directory, name);
    await synchronise(file);
    files.push({ name, bytes: (await stat(file)).size, sha256: await checksum(file) });
  }
  const manifest = { format: FORMAT, ...said, version: version(), endedAt: new Date().toISOString(), files };
  const draft = join(directory, `${MANIFEST}.draft`);
  const handle = await open(draft, 'w');
  try {
    await handle.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await synchronise(directory);
  await rename(draft, join(directory, MANIFEST));
  await synchronise(directory);
  return manifest;
};

/**
 * Reads what a backup says of itself and holds every file against it.
 * @throws PerennialError `not-a-backup`, `backup-too-new`, `backup-damaged`
 */
export const checkBackup = async (
  directory: string,
  kind: BackupKind,
  onFile: (name: string, bytes: number) => void = () => {},
): Promise<Manifest> => {
  const manifest = await readManifest(directory);
  if (manifest.format > FORMAT)
    throw refused(
      'backup-too-new',
      `${directory} was made by version ${manifest.version}; this is ${version()}, which cannot read it. Update it.`,
    );
  if (manifest.kind !== kind)
    throw refused(
      'not-a-backup',
      `${directory} is a backup of ${NAMES[manifest.kind]}, not of ${NAMES[kind]}.`,
    );
  for (const { name, bytes, sha256 } of manifest.files) {
    onFile(name, bytes);
    if (name !== NAME.exec(name)?.[0])
      throw refused('backup-damaged', `${directory} names a file that cannot be part of a backup: ${name}.`);
    const file = join(directory, name);
    const found = await stat(file).then(
      ({ size }) => size,
      () => undefined,
    );
    if (found === undefined) throw refused('backup-damaged', `${file} is missing: the backup is damaged.`);
    if (found !== bytes || (await checksum(file)) !== sha256)
      throw refused(
        'backup-damaged',
        `${file} is not as it was written: the backup is damaged. Take another.`,
      );
  }
  return manifest;
};

const NAMES: Readonly<Record<BackupKind, string>> = { data: 'events', vault: 'the key vault' };
const NAME = /^[a-z_]+\.(db|ndjson)$/;

const readManifest = async (directory: string): Promise<Manifest> => {
  let text: string;
  try {
    text = await readFile(join(directory, MANIFEST), 'utf8');
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw refused(
      'not-a-backup',
      `${directory} is no backup: it has no ${MANIFEST}, which is written last. One that was cut off has none.`,
    );
  }
  try {
    const manifest = JSON.parse(text) as Partial<Manifest>;
    if (
      Number.isInteger(manifest.format) &&
      Number.isInteger(manifest.position) &&
      Array.isArray(manifest.files)
    )
      return manifest as Manifest;
  } catch {
    // Said below.
  }
  throw refused('backup-damaged', `${join(directory, MANIFEST)} cannot be read: the backup is damaged.`);
};

/** Brings a file, or the entries of a directory, to disk. */
export const synchronise = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const checksum = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  const handle = await open(file, 'r');
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 }))
      hash.update(chunk as Buffer);
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
};
