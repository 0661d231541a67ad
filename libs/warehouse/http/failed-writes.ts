import { statfsSync } from 'node:fs';
import { COUNT_OF_REFUSED_WRITES } from '../connection.js';
import type { EngineConnection } from './engine.js';
import { CODES, exception } from './exception.js';

/** Less than this is a full disk: an insert that begins now may find no room for its last file. */
export const RESERVE_BYTES = 64 * 1024 * 1024;
/** So long after an answer was cut off its failed write is put down to that. */
const CUT_OFF_MS = 10_000;

/**
 * chDB, unlike ClickHouse, passes over a write that the disk refuses: an insert or a merge then "succeeds" with
 * truncated files, which the next start finds broken and lays aside. It does count such writes. So inserts are refused
 * while the disk is nearly full, and the first write that fails all the same ends the process, before the insert is
 * acknowledged and while the parts that a merge replaced are still there (old_parts_lifetime): the next start takes those.
 */
export class FailedWrites {
  readonly failed: Promise<never>;
  private fail!: (error: Error) => void;
  /** Writes of the engine that the disk refused. */
  refused = 0;
  private known = 0;
  private cutOffs = 0;
  private cutOffAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly directory: string) {
    this.failed = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    this.failed.catch(() => {}); // told by whoever waits for it
  }

  /** The pipe of an answer was closed under the engine, whose writes to it fail, too; call the result when it knows. */
  answerCutOff(): () => void {
    this.cutOffs += 1;
    return () => {
      this.cutOffs -= 1;
      this.cutOffAt = performance.now();
    };
  }

  /** @throws ClickHouseException when the disk is nearly full */
  refuseWhenFull(): void {
    if (this.isFull()) throw exception(CODES.notEnoughSpace, 'NOT_ENOUGH_SPACE', 'The disk is nearly full');
  }

  /** @throws ClickHouseException when a write was refused since the start: nothing is acknowledged from now on */
  async check(connection: EngineConnection): Promise<void> {
    const { bytes } = await connection.run(COUNT_OF_REFUSED_WRITES);
    const count = Number(Buffer.from(bytes).toString());
    if (count === this.known) return;
    const cutOff = this.cutOffs > 0 || performance.now() - this.cutOffAt < CUT_OFF_MS;
    if (cutOff && !this.isFull()) {
      this.known = count;
      return;
    }
    this.refused = count - this.known;
    const error = exception(
      CODES.cannotWrite,
      'CANNOT_WRITE_TO_FILE_DESCRIPTOR',
      'The disk refused a write (is it full?), which the engine passes over: the warehouse must be started again',
    );
    this.fail(error);
    throw error;
  }

  private isFull(): boolean {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize < RESERVE_BYTES;
  }
}
