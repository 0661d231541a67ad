import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { caughtUp, checkCluster } from './replicas.js';
import { normalized, statements } from './sql-text.js';
import type { Warehouse } from './warehouse.js';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
  readonly checksum: string;
}

const FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/;
const REPEATABLE =
  /^(CREATE (TABLE|DATABASE|FUNCTION|VIEW|MATERIALIZED VIEW) IF NOT EXISTS|CREATE OR REPLACE|DROP [A-Z ]+ IF EXISTS)\b/i;
const REPEATABLE_CHANGE =
  /^ALTER TABLE .+ (ADD (COLUMN|INDEX|CONSTRAINT) IF NOT EXISTS|DROP \w+ IF EXISTS|MODIFY|COMMENT COLUMN|MATERIALIZE)\b/i;

/** The migrations of a directory, in order. @throws Error for a file whose name or statements are not fit */
export const readMigrations = (directory: string): Migration[] => {
  const migrations = readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => parse(file, readFileSync(join(directory, file), 'utf8')));
  migrations.forEach(({ number, name }, i) => {
    if (number === migrations[i - 1]?.number)
      throw new Error(`Two migrations have the number ${number}: ${name} is one.`);
  });
  return migrations;
};

const parse = (file: string, text: string): Migration => {
  const [, number, name] = FILE.exec(file) ?? [];
  if (!number || !name) throw new Error(`${file} is not named like 0001-events.sql.`);
  const parts = statements(text);
  for (const statement of parts) {
    const sql = normalized(statement);
    // One that was interrupted runs again from its beginning.
    if (!REPEATABLE.test(sql) && !REPEATABLE_CHANGE.test(sql))
      throw new Error(`${file}: a statement cannot be run twice (IF NOT EXISTS?): ${sql.slice(0, 80)}`);
  }
  const checksum = createHash('sha256').update(parts.map(normalized).join(';')).digest('hex');
  return { number: Number(number), name, statements: parts, checksum };
};

const CREATE_LEDGER = `CREATE TABLE IF NOT EXISTS crm.migrations
(
    number UInt16 COMMENT 'Number of the migration; they run in this order',
    name String COMMENT 'What it is about',
    checksum FixedString(64) COMMENT 'SHA-256 of its statements: one that has run is never changed',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it ran to its end'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number
SETTINGS fsync_after_insert = 1
COMMENT 'The changes of the schema that this database has been through'`;

/**
 * Brings the schema up to date with infra/clickhouse/schema and names the migrations that ran now. One that was
 * interrupted runs again from its beginning at the next start.
 * @throws Error when a migration that has run was changed since, or is missing
 */
export const migrate = async (warehouse: Warehouse, directory: string): Promise<string[]> => {
  const migrations = readMigrations(directory);
  await checkCluster(warehouse);
  await warehouse.command(
    `CREATE DATABASE IF NOT EXISTS crm COMMENT 'Perennial: events, projections and reports'`,
  );
  await warehouse.command(CREATE_LEDGER);
  await caughtUp(warehouse, 'crm.migrations');
  const done = await warehouse.rows<{ number: number; checksum: string }>(
    'SELECT number, checksum FROM crm.migrations FINAL ORDER BY number',
  );
  for (const { number, checksum } of done) {
    const migration = migrations.find((candidate) => candidate.number === number);
    if (!migration)
      throw new Error(`Migration ${number} has run in this warehouse, but this program does not have it.`);
    if (migration.checksum !== checksum)
      throw new Error(`Migration ${migration.name} was changed after it had run; write a new one instead.`);
  }
  const due = migrations.filter(({ number }) => !done.some((ran) => ran.number === number));
  for (const migration of due) await run(warehouse, migration);
  return due.map(({ name }) => name);
};

const run = async (
  warehouse: Warehouse,
  { number, name, statements, checksum }: Migration,
): Promise<void> => {
  for (const statement of statements) await warehouse.command(statement);
  await warehouse.command(
    `INSERT INTO crm.migrations (number, name, checksum) SETTINGS async_insert = 0
     VALUES ({number:UInt16}, {name:String}, {checksum:String})`,
    { number, name, checksum },
  );
};
