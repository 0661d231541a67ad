import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = 8 * 1024 ** 3;
/** What is left of a full disk, because what is on it grows while it is being measured. */
const SLACK = 128 * 1024;
const ATTEMPTS = 10;

/** The disk that the warehouse keeps its data on; where a mount is allowed, it can be full. */
export class Disk {
  private constructor(
    private readonly mounted: string,
    /** Why it cannot be filled; undefined when it can. */
    readonly obstacle: string | undefined,
  ) {}

  static open(dir: string): Disk {
    mkdirSync(dir, { recursive: true });
    const { status, stderr, error } = spawnSync(
      'mount',
      ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', dir],
      { encoding: 'utf8' },
    );
    const obstacle = error?.message ?? (status === 0 ? undefined : stderr.trim());
    return new Disk(dir, obstacle);
  }

  /** What is kept on it. */
  get dir(): string {
    return join(this.mounted, 'data');
  }

  /** From now on it is not larger than what is on it. */
  fill(): void {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { blocks, bfree, bsize } = statfsSync(this.mounted);
      if (this.resize((blocks - bfree) * bsize + SLACK)) return;
    }
    throw new Error('the disk of the warehouse could not be filled');
  }

  free(): void {
    if (!this.obstacle && !this.resize(SIZE)) throw new Error('the disk of the warehouse remains full');
  }

  /** Copies what is on it, with what the engine laid aside, to where it outlives the mount. */
  keep(to: string): void {
    if (existsSync(this.dir))
      cpSync(this.dir, to, { recursive: true, filter: (path) => !/-(answers|incoming)(\/|$)/.test(path) });
  }

  close(): void {
    if (!this.obstacle) spawnSync('umount', ['-l', this.mounted]);
  }

  private resize(bytes: number): boolean {
    return spawnSync('mount', ['-o', `remount,size=${bytes}`, this.mounted]).status === 0;
  }
}
