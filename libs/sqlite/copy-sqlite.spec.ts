import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copySqlite } from './copy-sqlite.js';
import { openSqlite, type Sqlite } from './open-sqlite.js';

const migrations = ['CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT'];

describe('copySqlite', () => {
  let dir: string;
  let db: Sqlite;
  const count = (of: Sqlite) => of.prepare('SELECT count(*) FROM t').pluck().get();
  const add = (rows: number) =>
    db.transaction(() => {
      for (let row = 0; row < rows; row++) db.prepare('INSERT INTO t (text) VALUES (?)').run('x'.repeat(500));
    })();
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'perennial-'));
    db = openSqlite(join(dir, 'file.db'), { migrations });
    add(10_000);
  });
  afterEach(() => {
    db.close();
    rmSync(dir, { recursive: true });
  });

  it('copies what was there when it began, whatever is written meanwhile, and does not begin again', async () => {
    const target = join(dir, 'copy.db');
    const done: number[] = [];
    const seen = await copySqlite(join(dir, 'file.db'), target, {
      look: count,
      onProgress: (pages) => {
        done.push(pages);
        add(1);
      },
    });
    expect(seen).toBe(10_000);
    expect(done.length).toBeGreaterThan(3);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(readdirSync(dir).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
    const copy = openSqlite(target, { migrations });
    expect([count(copy), copy.pragma('integrity_check', { simple: true })]).toEqual([10_000, 'ok']);
    copy.close();
    expect(count(db)).toBe(10_000 + done.length);
  });

  it('makes no file where there is none', async () => {
    const missing = copySqlite(join(dir, 'none.db'), join(dir, 'copy.db'), { look: count });
    await expect(missing).rejects.toMatchObject({ code: 'SQLITE_CANTOPEN' });
    expect(readdirSync(dir).filter((name) => !name.startsWith('file'))).toEqual([]);
  });
});
