import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CODES, exception } from './exception.js';

/**
 * Rows on their way in are laid down in files, from which the engine reads them (FROM INFILE): memory stays small,
 * every format goes, also packed ones, and a body that breaks off is never inserted. Handed to the engine behind the
 * statement, as its own clients do, data ends at the first blank line, and what follows **is run as SQL**.
 */
export class Spool {
  private next = 0;

  constructor(
    private readonly directory: string,
    private readonly longest: number,
  ) {
    rmSync(directory, { recursive: true, force: true }); // left by a process that was killed
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** @throws ClickHouseException when it is too long, or the disk is full */
  async with<Result>(data: AsyncIterable<Buffer>, use: (path: string) => Promise<Result>): Promise<Result> {
    this.next += 1;
    const path = join(this.directory, String(this.next));
    try {
      await pipeline(Readable.from(data, { objectMode: false }), this.limit(), createWriteStream(path));
      return await use(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw exception(CODES.notEnoughSpace, 'NOT_ENOUGH_SPACE', 'The disk is full');
    } finally {
      await rm(path, { force: true });
    }
  }

  private limit(): Transform {
    const { longest } = this;
    let length = 0;
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        length += chunk.length;
        done(length > longest ? tooLong(longest) : null, chunk);
      },
    });
  }
}

export const tooLong = (longest: number) =>
  exception(CODES.tooLarge, 'QUERY_IS_TOO_LARGE', `The body is longer than ${longest} bytes`);
