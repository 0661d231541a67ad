import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '#apps/distributed/servers/postgres';
import { postgresObstacle } from '#apps/distributed/servers/postgres-programs';
import { describeUnless } from './describe-unless.js';
import { uniqueName } from './unique-name.js';

export { type PostgresServer, startPostgres };

/** An empty database that nobody else uses. */
export interface PostgresForTests {
  readonly url: string;
  stop(): Promise<void>;
}

/** A new database of the server at DATABASE_URL, or else of one that is started here. */
export const postgresForTests = async (): Promise<PostgresForTests> => {
  const shared = process.env.DATABASE_URL;
  if (!shared) return startPostgres();
  const database = uniqueName('perennial_test');
  await execute(shared, `CREATE DATABASE ${database}`);
  const url = new URL(shared);
  url.pathname = `/${database}`;
  return { url: url.href, stop: () => execute(shared, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`) };
};

const execute = async (url: string, statement: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

/** `npm test` has tried before us. */
const obstacle = () => process.env.TEST_WITHOUT_POSTGRES ?? postgresObstacle();

/** A suite that needs a PostgreSQL, somebody's or its own. */
export const describeWithPostgres = describeUnless(() => (process.env.DATABASE_URL ? undefined : obstacle()));

/** A suite that starts, and kills, a PostgreSQL of its own. */
export const describeWithOwnPostgres = describeUnless(obstacle);
