import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite, type Sqlite } from './open-sqlite.js';
import { OtherWriters } from './other-writers.js';

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('OtherWriters', () => {
  let dir: string;
  let own: Sqlite;
  let other: Sqlite;
  const write = (db: Sqlite): void => {
    db.prepare('INSERT INTO t VALUES (1)').run();
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'perennial-'));
    [own, other] = [0, 1].map(() =>
      openSqlite(join(dir, 'file.db'), { migrations: ['CREATE TABLE t (n INTEGER) STRICT'] }),
    ) as [Sqlite, Sqlite];
  });
  afterEach(() => {
    own.close();
    other.close();
    rmSync(dir, { recursive: true });
  });

  it('are noticed once, and who writes here is none of them', () => {
    const others = new OtherWriters(own);
    expect([others.haveWritten(), others.haveWritten()]).toEqual([true, false]);
    write(own);
    expect(others.haveWritten()).toBe(false);
    write(other);
    expect([others.haveWritten(), others.haveWritten()]).toEqual([true, false]);
  });
  it('are looked for by readers once in a callback, and again in the next', async () => {
    const others = new OtherWriters(own);
    expect(others.mayHaveWritten()).toBe(true);
    await immediate();
    expect(others.mayHaveWritten()).toBe(false);
    write(other);
    await Promise.resolve();
    expect(others.mayHaveWritten()).toBe(false);
    await immediate();
    expect([others.mayHaveWritten(), others.mayHaveWritten()]).toEqual([true, false]);
  });
});
