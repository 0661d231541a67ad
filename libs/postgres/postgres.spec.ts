import { afterEach, describe, expect, it } from '@jest/globals';
import { describeWithPostgres } from '#test/support/servers/postgres';
import { testPostgres } from '#test/support/test-postgres';
import { DatabaseUnavailable } from './errors.js';
import { SchemaTooNew } from './migrate.js';
import { openPostgres } from './postgres.js';

const log = { warn: () => {} };

describe('a database that cannot be opened', () => {
  it.each([
    'postgres://bob:secret@127.0.0.1:1/crm',
    'postgres://bob:secret@no-such-host.invalid/crm',
    'postgres://bob:secret@127.0.0.1:1/crm?sslmode=verify-full',
  ])('is unavailable: %s', async (url) => {
    const failure: unknown = await openPostgres(url, { log }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseUnavailable);
    expect(failure).toMatchObject({ kind: 'unavailable', code: 'database-unavailable' });
    expect(everything(failure)).not.toMatch(/secret|bob|127\.0\.0\.1|no-such-host/);
  });

  it.each(['postgres://bob:secret@[::/crm', 'postgres://bob:secret@host:port/crm'])(
    'says that its URL is wrong, without repeating it: %s',
    async (url) => {
      const failure: unknown = await openPostgres(url, { log }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'database-url-invalid' });
      expect(everything(failure)).not.toMatch(/secret|bob/);
    },
  );
});

/** As a logger would see it. */
const everything = (error: unknown): string => {
  const { message, cause, stack } = error as Error;
  return `${message} ${cause} ${stack?.split('\n')[0]} ${JSON.stringify(error)}`;
};

describeWithPostgres('a PostgreSQL database', () => {
  const database = testPostgres();
  afterEach(() => database.clear());

  it('takes all statements of a transaction or none', async () => {
    const postgres = await database.open();
    await postgres.migrate('spec', ['CREATE TABLE spec (n integer PRIMARY KEY)']);
    const twice = postgres.transaction(async (query) => {
      await query('INSERT INTO perennial.spec VALUES (1)');
      await query('INSERT INTO perennial.spec VALUES (1)');
    });
    await expect(twice).rejects.toMatchObject({ code: '23505' });
    await postgres.transaction((query) => query('INSERT INTO perennial.spec VALUES (1)'));
    expect((await postgres.query('SELECT n FROM perennial.spec')).rows).toEqual([{ n: 1 }]);
  });

  it('brings tables up to date step by step, once, and knows newer ones', async () => {
    const postgres = await database.open();
    const steps = ['CREATE TABLE steps (n integer)', 'INSERT INTO steps VALUES (2)'];
    await postgres.migrate('steps', steps.slice(0, 1));
    await Promise.all([1, 2, 3].map(() => postgres.migrate('steps', steps)));
    expect((await postgres.query('SELECT n FROM perennial.steps')).rows).toEqual([{ n: 2 }]);
    await expect(postgres.migrate('steps', steps.slice(0, 1))).rejects.toThrow(SchemaTooNew);
  });

  it('goes on when its connections were ended', async () => {
    const postgres = await database.open();
    const other = await database.open();
    const cut = () =>
      other.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'perennial'`,
      );
    await cut();
    const interrupted = postgres.transaction(async (query) => {
      await query('SELECT 1');
      await cut();
      await query('SELECT 1');
    });
    await expect(interrupted).rejects.toMatchObject({ code: 'database-unavailable' });
    expect((await postgres.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('acknowledges only what is on the disk', async () => {
    const postgres = await database.open();
    const { rows } = await postgres.query<{ synchronous_commit: string }>('SHOW synchronous_commit');
    expect(['on', 'remote_write', 'remote_apply']).toContain(rows[0]?.synchronous_commit);
  });
});
