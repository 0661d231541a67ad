import type { Query } from './postgres.js';

/** One step of a schema, in SQL. Never changed once released. */
export type Migration = string;

/** The database was written by a newer version of the program, which alone knows what it means. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
  constructor(part: string, found: number, known: number) {
    super(
      `The tables of ${part} in PostgreSQL have version ${found}; this version of the program knows up to ${known}. Update it.`,
    );
  }
}

/** Any number, the same in every version of the program. */
const MIGRATION_LOCK = 7_301_905_577;

/** Within a transaction: whoever comes second waits for the first, and finds it done. */
export const migrate = async (
  query: Query,
  part: string,
  migrations: readonly Migration[],
): Promise<void> => {
  await query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  await query('SET LOCAL search_path = perennial');
  // Asked first: who may use a schema that is there may not be allowed to make one.
  const { rows } = await query<{ there: boolean }>(
    "SELECT to_regclass('perennial.migrations') IS NOT NULL AS there",
  );
  if (!rows[0]?.there)
    await query(`
      CREATE SCHEMA IF NOT EXISTS perennial;
      -- How many steps each part's tables have seen.
      CREATE TABLE perennial.migrations (part text PRIMARY KEY, version integer NOT NULL);
    `);
  const known = await query<{ version: number }>('SELECT version FROM migrations WHERE part = $1', [part]);
  const version = known.rows[0]?.version ?? 0;
  if (version > migrations.length) throw new SchemaTooNew(part, version, migrations.length);
  if (version === migrations.length) return;
  for (const migration of migrations.slice(version)) await query(migration);
  await query(
    'INSERT INTO migrations VALUES ($1, $2) ON CONFLICT (part) DO UPDATE SET version = EXCLUDED.version',
    [part, migrations.length],
  );
};
