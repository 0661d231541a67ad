import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/**
 * Named pipes through which the engine writes answers (INTO OUTFILE): in any format and byte for byte as ClickHouse
 * writes them, while they arise, and no faster than they are read. chDB's own streams format each piece as an answer
 * of its own, and its plain queries hold the whole answer in memory.
 */
export class ResultPipes {
  private readonly directory = mkdtempSync(join(tmpdir(), 'perennial-answers-'));
  private readonly free: string[];

  constructor(count: number) {
    this.free = Array.from({ length: count }, (_, i) => join(this.directory, String(i)));
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
    const closed = once(pipe, 'close');
    const reading = read(pipe);
    reading.catch(() => pipe.destroy()); // nobody reads any more: the engine's next write fails
    try {
      const result = await write(path);
      await reading;
      return result;
    } finally {
      pipe.destroy();
      await closed.catch(() => undefined);
      await reading.catch(() => undefined);
      this.free.push(path);
    }
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
