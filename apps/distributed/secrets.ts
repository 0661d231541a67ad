import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OWNER_ONLY } from '#platform/data-directory';

/** Secrets in files that only their owner may read; each is made once and then kept. */
export class Secrets {
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true, mode: OWNER_ONLY });
  }

  /** @returns the file's path */
  random(name: string): string {
    const file = join(this.directory, name);
    return existsSync(file) ? file : this.write(name, randomBytes(32).toString('base64'));
  }

  /** Put into place whole: half a key would be another key. @returns the file's path */
  write(name: string, text: string): string {
    const file = join(this.directory, name);
    writeFileSync(`${file}.draft`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.draft`, file);
    return file;
  }
}
