import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Who was erased, kept outside the vault and its backups: an older vault that is put back is made to forget them
 * again. One line of JSON per erasure, appended and synchronised before the erasure is carried out.
 */
export class ErasureLedger {
  private readonly handle: number;
  private readonly owners = new Set<string>();

  /** @throws Error when a line cannot be read: guessing who was erased is worse than not starting */
  constructor(private readonly file: string) {
    this.handle = openSync(file, 'a+', 0o600);
    const text = readFileSync(file, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    text
      .slice(0, end)
      .split('\n')
      .forEach((line, index) => {
        for (const owner of this.read(line, index + 1)) this.owners.add(owner);
      });
    // A last line without its end was never acknowledged: the process died while it wrote.
    if (end < text.length) ftruncateSync(this.handle, Buffer.byteLength(text.slice(0, end)));
    this.synchroniseDirectory();
  }

  all(): ReadonlySet<string> {
    return this.owners;
  }

  /** Durable on return. Owners that are there already are not written again. */
  append(owners: Iterable<string>): void {
    const added = [...new Set(owners)].filter((owner) => !this.owners.has(owner));
    if (added.length === 0) return;
    const line = Buffer.from(`${JSON.stringify({ erasedAt: new Date().toISOString(), owners: added })}\n`);
    const before = fstatSync(this.handle).size;
    try {
      for (let written = 0; written < line.length; ) written += writeSync(this.handle, line, written);
      fdatasyncSync(this.handle);
    } catch (error) {
      ftruncateSync(this.handle, before);
      throw error;
    }
    for (const owner of added) this.owners.add(owner);
  }

  close(): void {
    closeSync(this.handle);
  }

  private read(line: string, number: number): readonly string[] {
    if (line === '') return [];
    try {
      const { owners } = JSON.parse(line) as { owners: readonly unknown[] };
      if (owners.every((owner): owner is string => typeof owner === 'string')) return owners;
    } catch {
      // Said below, with the line's number.
    }
    throw new Error(`Line ${number} of the erasure ledger ${this.file} cannot be read.`);
  }

  private synchroniseDirectory(): void {
    const directory = openSync(dirname(this.file), 'r');
    fsyncSync(directory);
    closeSync(directory);
  }
}
