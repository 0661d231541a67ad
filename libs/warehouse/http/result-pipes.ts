import { execFileSync } from 'node:child_process';
import { constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/**
 * Named pipes through which the engine writes answers (INTO OUTFILE): in any format and byte for byte as ClickHouse
 * writes them, while they arise, and no faster than they are read. chDB's own streams format each piece as an answer
 * of its own, and its plain queries hold the whole answer in memory.
 */
export class ResultPipes {
  private readonly free: string[];

  constructor(
    private readonly directory: string,
    count: number,
  ) {
    rmSync(directory, { recursive: true, force: true }); // left by a process that was killed
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.free = Array.from({ length: count }, (_, i) => join(directory, String(i)));
    execFileSync('mkfifo', ['-m', '600', ...this.free]);
  }

  /** Has `write` make the engine write to a pipe, and `read` take it from there meanwhile. */
  async through<Result>(
    write: (path: string) => Promise<Result>,
    read: (pipe: Readable) => Promise<void>,
  ): Promise<Result> {
    const path = this.free.pop();
    if (path === undefined) throw new Error('More answers than pipes.');
    // Not blocking: the engine opens the other end later, or never.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const pipe = new Socket({ fd, readable: true, writable: false });
    const closed = new Promise((resolve) => pipe.once('close', resolve));
    pipe.on('error', () => {}); // a reader that stops early ends it so
    const reading = read(pipe);
    reading.catch(() => pipe.destroy()); // nobody reads any more: the engine's next write fails
    try {
      const result = await write(path);
      await reading;
      return result;
    } finally {
      pipe.destroy();
      await closed;
      await reading.catch(() => undefined);
      this.free.push(path);
    }
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
