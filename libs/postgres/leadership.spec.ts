import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeWithOwnPostgres, type PostgresServer, startPostgres } from '#test/support/servers/postgres';
import { postgresLeadership } from './leadership.js';
import { openPostgres, type Postgres } from './postgres.js';

const EVERY_MS = 50;

describeWithOwnPostgres('leadership by PostgreSQL', () => {
  let server: PostgresServer;
  let opened: Postgres[] = [];
  const stopping = new AbortController();
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    for (const each of opened) await each.close();
    opened = [];
  });
  afterAll(async () => {
    await server?.stop();
  });

  const candidate = async (name: string) => {
    const postgres = await openPostgres(server.url, { log: { warn: () => {} } });
    opened.push(postgres);
    const leadership = postgresLeadership(postgres, name, { everyMs: EVERY_MS });
    return { postgres, acquire: (signal = stopping.signal) => leadership.acquire(signal) };
  };
  const lost = (signal: AbortSignal): Promise<unknown> =>
    new Promise((resolve) => (signal.aborted ? resolve(0) : signal.addEventListener('abort', resolve)));

  it('is given to one at a time, and to the next when it ends', async () => {
    const [one, other, elsewhere] = await Promise.all([candidate('a'), candidate('a'), candidate('b')]);
    const term = await one.acquire();
    const order: string[] = [];
    const next = other.acquire().then((theirs) => {
      order.push('next');
      return theirs;
    });
    // Another name is another matter; by then the other has asked in vain.
    await (await elsewhere.acquire())?.end();
    order.push('end');
    await term?.end();
    expect(term?.lost.aborted).toBe(true);
    const theirs = await next;
    expect(order).toEqual(['end', 'next']);
    expect(theirs?.lost.aborted).toBe(false);
    await theirs?.end();
  });

  it('is lost with its connection, and the loser may wait for it again', async () => {
    const [one, other] = await Promise.all([candidate('c'), candidate('c')]);
    const term = await one.acquire();
    const next = other.acquire();
    await one.postgres.query(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted",
    );
    await lost(term!.lost);
    const theirs = await next;
    const again = one.acquire();
    await theirs?.end();
    await (await again)?.end();
  });

  it('is no longer waited for when the process is to stop', async () => {
    const [one, other] = await Promise.all([candidate('d'), candidate('d')]);
    const term = await one.acquire();
    const stop = new AbortController();
    const next = other.acquire(stop.signal);
    stop.abort();
    expect(await next).toBeUndefined();
    await term?.end();
  });

  it('is lost when the server does not answer any more', async () => {
    const one = await candidate('e');
    const term = await one.acquire();
    await server.kill('SIGSTOP');
    await lost(term!.lost);
    await server.kill('SIGCONT');
    await (await one.acquire())?.end();
  });

  it('is waited for while the server is down', async () => {
    const one = await candidate('f');
    const term = await one.acquire();
    await server.kill('SIGKILL');
    await lost(term!.lost);
    const again = one.acquire();
    await server.restart();
    const mine = await again;
    expect(mine?.lost.aborted).toBe(false);
    await mine?.end();
  });
});
