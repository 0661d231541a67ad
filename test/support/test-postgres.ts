import { afterAll, beforeAll } from '@jest/globals';
import { openPostgres, type Postgres } from '#postgres/postgres';
import { type PostgresForTests, postgresForTests } from './servers/postgres.js';

export interface TestPostgres {
  url(): string;
  /** Another pool, as another process would have one. Closed by `clear`. */
  open(): Promise<Postgres>;
  /** Removes all rows, for the next test: making the tables anew takes longer than most tests. */
  clear(): Promise<void>;
}

/** One database for all tests of a suite. To be called where `beforeAll` may be. */
export const testPostgres = (): TestPostgres => {
  let database: PostgresForTests;
  let opened: Postgres[] = [];
  const open = async () => {
    const postgres = await openPostgres(database.url, { log: { warn: () => {} }, maxConnections: 4 });
    opened.push(postgres);
    return postgres;
  };
  beforeAll(async () => {
    database = await postgresForTests();
  }, 60_000);
  afterAll(async () => {
    await database?.stop();
  });
  return {
    url: () => database.url,
    open,
    clear: async () => {
      for (const each of opened) await each.close();
      opened = [];
      const postgres = await open();
      const { rows } = await postgres.query<{ name: string }>(
        `SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = to_regnamespace('perennial')
         AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations'`,
      );
      for (const { name } of rows) await postgres.query(`DELETE FROM ${name}`);
      await postgres.close();
    },
  };
};
