import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GroupCommit } from '#sqlite/group-commit';
import { openSqlite, type Sqlite } from '#sqlite/open-sqlite';

describe('GroupCommit', () => {
  let folder: string;
  let db: Sqlite;
  let events: string[];
  let commits: GroupCommit;
  const insert = (value: number) => () => db.prepare('INSERT INTO t VALUES (?)').run(value).changes;
  const rows = () => db.prepare('SELECT a FROM t ORDER BY rowid').pluck().all();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    db = openSqlite(join(folder, 'a.db'), { migrations: ['CREATE TABLE t (a INTEGER UNIQUE)'] });
    events = [];
    commits = new GroupCommit(db, {
      begun: () => events.push('begun'),
      committed: () => events.push('committed'),
      rolledBack: () => events.push('rolled back'),
      failed: (error) => new Error('seen', { cause: error }),
    });
  });
  afterEach(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  it('commits what came together in one transaction, in the order it came', async () => {
    await Promise.all([1, 2, 3].map((value) => commits.run(insert(value))));
    expect(rows()).toEqual([1, 2, 3]);
    expect(events).toEqual(['begun', 'committed']);
  });

  it('answers each caller with what its unit returned', async () => {
    expect(await Promise.all([commits.run(() => 'a'), commits.run(() => undefined)])).toEqual([
      'a',
      undefined,
    ]);
  });

  it('lets a unit refuse by returning an error', async () => {
    const refusal = new TypeError('no');
    const outcomes = await Promise.allSettled([commits.run(insert(1)), commits.run(() => refusal)]);
    expect(outcomes).toMatchObject([{ value: 1 }, { reason: refusal }]);
    expect(events).toEqual(['begun', 'committed']);
  });

  it('undoes a unit that throws and no other', async () => {
    const outcomes = await Promise.allSettled([
      commits.run(insert(1)),
      commits.run(() => {
        insert(2)();
        insert(1)();
      }),
      commits.run(insert(3)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(rows()).toEqual([1, 3]);
    expect(events.filter((event) => event === 'rolled back')).toHaveLength(2);
  });

  it('tells all when the transaction itself fails', async () => {
    const other = openSqlite(join(folder, 'a.db'), { migrations: ['CREATE TABLE t (a INTEGER UNIQUE)'] });
    db.pragma('busy_timeout = 1');
    other.exec('BEGIN IMMEDIATE');
    const outcomes = await Promise.allSettled([commits.run(insert(1)), commits.run(insert(2))]);
    other.close();
    expect(outcomes).toMatchObject([{ reason: { message: 'seen' } }, { reason: { message: 'seen' } }]);
    await commits.run(insert(3));
    expect(rows()).toEqual([3]);
  });

  it('settles what is under way when closed, and takes nothing more', async () => {
    const pending = Promise.all(Array.from({ length: 2_500 }, (_, i) => commits.run(insert(i))));
    commits.close();
    expect(rows()).toHaveLength(2_500);
    expect(await pending).toHaveLength(2_500);
    await expect(commits.run(insert(1))).rejects.toThrow('closed');
  });
});
