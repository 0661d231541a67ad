import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite, SchemaTooNew } from '#sqlite/open-sqlite';

describe('openSqlite', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    file = join(folder, 'a.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('syncs every commit to a write-ahead log and holds foreign keys', () => {
    const db = openSqlite(file, { migrations: [] });
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(db.pragma('busy_timeout', { simple: true })).toBe(5_000);
    expect(db.pragma('secure_delete', { simple: true })).toBe(0);
    db.close();
  });

  it('runs each migration once, in order', () => {
    openSqlite(file, { migrations: ['CREATE TABLE t (a INTEGER)'] }).close();
    const db = openSqlite(file, {
      migrations: [
        'CREATE TABLE t (a INTEGER)',
        (d) => d.exec('ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7'),
      ],
    });
    db.exec('INSERT INTO t (a) VALUES (1)');
    expect(db.prepare('SELECT a, b FROM t').all()).toEqual([{ a: 1, b: 7 }]);
    expect(db.pragma('user_version', { simple: true })).toBe(2);
    db.close();
  });

  it('leaves the file as it was when a migration fails', () => {
    expect(() => openSqlite(file, { migrations: ['CREATE TABLE t (a)', 'CREATE TABLE oops ('] })).toThrow();
    const db = openSqlite(file, { migrations: [] });
    expect(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(0);
    db.close();
  });

  it('refuses a file of a newer version', () => {
    openSqlite(file, { migrations: ['CREATE TABLE t (a)', 'CREATE TABLE u (a)'] }).close();
    expect(() => openSqlite(file, { migrations: ['CREATE TABLE t (a)'] })).toThrow(SchemaTooNew);
    expect(() => openSqlite(file, { migrations: ['CREATE TABLE t (a)'] })).toThrow(
      /version 2.*knows up to 1/,
    );
  });

  it('erases what is deleted, where asked to', () => {
    const secret = 'f00dfacef00dface'.repeat(8);
    const db = openSqlite(file, { migrations: ['CREATE TABLE t (a TEXT)'], secureDelete: true });
    db.prepare('INSERT INTO t VALUES (?)').run(secret);
    db.pragma('wal_checkpoint(TRUNCATE)');
    expect(readFileSync(file).includes(secret)).toBe(true);
    db.exec('DELETE FROM t');
    db.pragma('wal_checkpoint(TRUNCATE)');
    expect(readFileSync(file).includes(secret)).toBe(false);
    db.close();
  });
});
