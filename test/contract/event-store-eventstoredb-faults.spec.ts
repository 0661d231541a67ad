import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventStoreDb, type EventStoreDbOptions } from '#event-store/eventstoredb/event-store-db';
import type { RecordedEvent } from '#eventing/event';
import { EventStoreUnavailable } from '#eventing/event-store';
import { packageRoot } from '#platform/package-root';
import { randomFrom } from '#statistics/random';
import { newFolder, removeFolder, until } from '#test/support/process-stores';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { all, appendSurely, appendTo, collect } from './event-store.contract.js';
import { newStream } from './event-store-events.js';

const SEED = 20240501;
const tls = (file: string) => join(packageRoot(), 'test', 'fixtures', 'tls', file);

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const revisionsIn = async (store: EventStoreDb, stream: string) =>
  (await all(store.readStream(stream))).map(({ revision }) => revision);

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

describe('EventStoreDB as a process of its own', () => {
  let folder: string;
  let processes: TsProcess[];
  let stores: EventStoreDb[];
  beforeEach(() => {
    folder = newFolder();
    processes = [];
    stores = [];
  });
  afterEach(async () => {
    for (const process of processes) {
      process.child.kill('SIGCONT');
      await process.kill();
    }
    for (const store of stores) await store.close();
    removeFolder(folder);
  });

  const serve = async (port = 0, env: Record<string, string> = {}) => {
    const process = runTs(
      'test/support/eventstoredb-double/main.ts',
      [join(folder, 'events.db'), `${port}`],
      {
        env,
      },
    );
    processes.push(process);
    const [, url] = (await process.waitForLine(/^ready/)).split(' ') as [string, string];
    return { process, url, port: Number(new URL(url.replace('esdb:', 'http:')).port) };
  };

  const connect = (url: string, options: EventStoreDbOptions = {}): EventStoreDb => {
    const store = new EventStoreDb(url, options);
    stores.push(store);
    return store;
  };

  const order = async (process: TsProcess, line: string) => {
    const from = process.lines.length;
    process.send(line);
    await process.waitForLine(new RegExp(`^done ${line}$`), { from });
  };

  it(`loses nothing and doubles nothing, however often it is killed (seed ${SEED})`, async () => {
    const random = randomFrom(SEED);
    let server = await serve();
    const store = connect(server.url);
    const streams = [1, 2, 3].map(newStream);
    const count = 60;
    const seen = collect(store, { batchSize: 10 }, streams.length * count);
    let appended = 0;
    const writing = Promise.all(
      streams.map(async (stream) => {
        for (let i = 0; i < count; i += 1) {
          await appendSurely(store, stream, i, 1);
          appended += 1;
        }
      }),
    );
    for (let kills = 1; kills <= 3; kills++) {
      const enough = kills * 35 + random.uniform() * 20;
      await until(`${enough} appended`, () => appended >= enough);
      await server.process.kill();
      server = await serve(server.port);
    }
    await writing;
    for (const stream of streams) expect(await revisionsIn(store, stream)).toEqual(upTo(count));
    const positions = (await all(store.readAll())).map(({ position }) => position);
    expect((await seen).map(({ position }) => position)).toEqual(positions);
  }, 60_000);

  it('may cut off a reading, which goes on where it was', async () => {
    const { process, url } = await serve();
    const store = connect(url);
    const stream = newStream();
    for (let i = 0; i < 3_000; i += 500)
      await appendTo(store, stream, i, 500, i === 0 ? 'no-stream' : i - 1, 'x'.repeat(500));
    const forwards = store.readStream(stream, { limit: 2_900 });
    const backwards = store.readAll({ direction: 'backwards' });
    const rest = async (events: AsyncGenerator<RecordedEvent>): Promise<number[]> => {
      const revisions: number[] = [];
      for (let next = await events.next(); !next.done; next = await events.next())
        revisions.push(next.value.revision);
      return revisions;
    };
    expect([(await forwards.next()).value.revision, (await backwards.next()).value.revision]).toEqual([
      0, 2_999,
    ]);
    await order(process, 'drop');
    expect(await Promise.all([rest(forwards), rest(backwards)])).toEqual([
      upTo(2_900).slice(1),
      upTo(2_999).reverse(),
    ]);
  });

  it('may fall silent: no call waits longer than agreed, and all goes on when it speaks again', async () => {
    const { process, url } = await serve();
    const store = connect(url, { answerTimeoutMs: 400 });
    const stream = newStream();
    await appendTo(store, stream, 0, 1, 'no-stream');
    const seen = collect(store, {}, 2);
    process.child.kill('SIGSTOP');
    const start = performance.now();
    const many = Array.from({ length: 100 }, () => appendTo(store, newStream(), 0, 1, 'no-stream'));
    const calls = [
      ...many,
      appendTo(store, stream, 1, 1, 0),
      all(store.readStream(stream)),
      all(store.readAll()),
      store.head(),
      store.deleteStream(newStream(), { expectedRevision: 'any' }),
    ];
    for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(reason).toBeInstanceOf(EventStoreUnavailable);
    }
    expect(performance.now() - start).toBeLessThan(2_500);
    process.child.kill('SIGCONT');
    await appendSurely(store, stream, 1, 1);
    expect(await revisionsIn(store, stream)).toEqual([0, 1]);
    expect((await seen)[0]).toMatchObject({ stream, revision: 0 });
  });

  it('is missed by a subscription although nothing closes the connection', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {}); // the client finds the interval short
    const { process, url } = await serve();
    const fast = `${url}&keepAliveInterval=100&keepAliveTimeout=200`;
    const impatient = connect(fast, { answerTimeoutMs: 300, giveUpAfterMs: 300 });
    const patient = connect(fast, { answerTimeoutMs: 300 });
    const writer = connect(url);
    warn.mockRestore();
    const stream = newStream();
    await appendTo(writer, stream, 0, 3, 'no-stream');
    const batches = impatient.subscribeToAll({})[Symbol.asyncIterator]();
    expect((await batches.next()).value).not.toHaveLength(0);
    const seen = collect(patient, {}, 6);
    process.child.kill('SIGSTOP');
    await expect(drain(batches)).rejects.toBeInstanceOf(EventStoreUnavailable);
    process.child.kill('SIGCONT');
    await appendSurely(writer, stream, 3, 3);
    expect((await seen).map(({ revision }) => revision)).toEqual(upTo(6));
  });

  it('obeys orders from a test', async () => {
    const { process, url } = await serve();
    const store = connect(url, { answerTimeoutMs: 5_000 });
    const stream = newStream();
    await appendTo(store, stream, 0, 10, 'no-stream');
    await order(process, 'lose-next-answer');
    await expect(appendTo(store, stream, 10, 1, 9)).rejects.toBeInstanceOf(EventStoreUnavailable);
    expect(await appendTo(store, stream, 10, 1, 9)).toMatchObject({ revision: 10 });
    await order(process, 'silent 200');
    const start = performance.now();
    expect(await appendTo(store, stream, 11, 1, 10)).toMatchObject({ revision: 11 });
    expect(performance.now() - start).toBeGreaterThan(150);
  });

  it('may deliver again what it has delivered: a subscription passes it on once', async () => {
    const { process, url } = await serve();
    const store = connect(url);
    const stream = newStream();
    await appendTo(store, stream, 0, 30, 'no-stream');
    await order(process, 'repeat 7');
    const revisions: number[] = [];
    const abort = new AbortController();
    for await (const batch of store.subscribeToAll({ batchSize: 10, signal: abort.signal })) {
      revisions.push(...batch.map(({ revision }) => revision));
      if (revisions.length % 20 === 0) await order(process, 'drop');
      if (revisions.length === 30) await appendSurely(store, stream, 30, 10);
      if (revisions.length >= 40) abort.abort();
    }
    expect(revisions).toEqual(upTo(40));
  });

  describe('in a cluster', () => {
    const start = async (members: number) => {
      const ports = await Promise.all(Array.from({ length: members }, freePort));
      const env = { DOUBLE_CLUSTER: ports.join(',') };
      const servers = await Promise.all(ports.map((port) => serve(port, env)));
      return { ports, servers, env };
    };

    it('has its leader found, and found again when another leads, also when the old one is gone', async () => {
      const { ports, servers, env } = await start(3);
      const everybody = connect(`esdb://${ports.map((port) => `127.0.0.1:${port}`).join(',')}?tls=false`);
      const oneName = connect(`esdb+discover://127.0.0.1:${ports[1]}?tls=false`);
      const streams = [newStream(), newStream()];
      const count = 120;
      const seen = collect(everybody, { batchSize: 10 }, 2 * count);
      let appended = 0;
      const write = async (store: EventStoreDb, stream: string) => {
        for (let i = 0; i < count; i++) {
          await appendSurely(store, stream, i, 1);
          appended += 1;
        }
      };
      const writing = Promise.all([write(everybody, streams[0]!), write(oneName, streams[1]!)]);
      await until('60 appended', () => appended >= 60);
      await order(servers[2]!.process, 'lead');
      await until('120 appended', () => appended >= 120);
      await servers[2]!.process.kill();
      await order(servers[1]!.process, 'lead');
      await serve(ports[2], env);
      await writing;
      for (const stream of streams) expect(await revisionsIn(everybody, stream)).toEqual(upTo(count));
      const positions = (await all(everybody.readAll())).map(({ position }) => position);
      expect((await seen).map(({ position }) => position)).toEqual(positions);
      expect(positions).toHaveLength(2 * count);
    });

    it('is joined through a follower, which names the leader', async () => {
      const { servers } = await start(2);
      const store = connect(servers[1]!.url);
      const stream = newStream();
      await expect(appendTo(store, stream, 0, 1, 'no-stream')).rejects.toBeInstanceOf(EventStoreUnavailable);
      expect(await appendTo(store, stream, 0, 1, 'no-stream')).toMatchObject({ revision: 0 });
      expect(await revisionsIn(store, stream)).toEqual([0]);
    });

    it('says so when no member answers', async () => {
      const port = await freePort();
      const store = connect(`esdb+discover://127.0.0.1:${port}?tls=false&maxDiscoverAttempts=2`, {
        answerTimeoutMs: 1_000,
      });
      await expect(appendTo(store, newStream(), 0, 1, 'any')).rejects.toBeInstanceOf(EventStoreUnavailable);
      await expect(store.head()).rejects.toBeInstanceOf(EventStoreUnavailable);
    });
  });

  describe('with TLS and passwords', () => {
    const secured = async () => {
      const { url } = await serve(0, {
        DOUBLE_TLS_CERTIFICATE: tls('server.pem'),
        DOUBLE_TLS_KEY: tls('server-key.pem'),
        DOUBLE_USERS: 'crm:right/secret',
      });
      return (credentials: string, authority = 'authority.pem') =>
        connect(
          `${url.replace('://127.0.0.1', `://${credentials}localhost`)}&tlsCAFile=${encodeURIComponent(tls(authority))}`,
          { answerTimeoutMs: 5_000 },
        );
    };

    const everyCall = (store: EventStoreDb): readonly (() => Promise<unknown>)[] => [
      () => appendTo(store, newStream(), 0, 1, 'no-stream'),
      () => all(store.readStream(newStream())),
      () => store.head(),
      () => collect(store, {}, 1),
      () => store.deleteStream(newStream(), { expectedRevision: 'any' }),
    ];

    it('lets in who knows the password', async () => {
      const as = await secured();
      const store = as('crm:right%2Fsecret@');
      const stream = newStream();
      expect(await appendTo(store, stream, 0, 3, 'no-stream')).toMatchObject({ revision: 2 });
      expect(await revisionsIn(store, stream)).toEqual([0, 1, 2]);
      expect(await collect(store, {}, 3)).toHaveLength(3);
    });

    it('refuses others at once and for good', async () => {
      const as = await secured();
      for (const credentials of ['crm:wrong@', 'other:right%2Fsecret@', ''])
        for (const call of everyCall(as(credentials)))
          await expect(call()).rejects.toMatchObject({ kind: 'refused', code: 'event-store-access-denied' });
    });

    it('is not trusted when somebody else vouches for it', async () => {
      const as = await secured();
      for (const call of everyCall(as('crm:right%2Fsecret@', 'another-authority.pem')))
        await expect(call()).rejects.toMatchObject({ kind: 'refused', code: 'event-store-not-trusted' });
    });
  });

  it('delivers large batches to who is behind, and a live event at once', async () => {
    const { url } = await serve();
    const store = connect(url);
    const count = 5_000;
    for (let i = 0; i < count; i += 1_000) await appendTo(store, newStream(), i, 1_000, 'no-stream');
    const sizes: number[] = [];
    let live: { since: number; latencies: number[] } | undefined;
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of store.subscribeToAll({ batchSize: 1_000, signal: stop.signal })) {
        if (live) live.latencies.push(performance.now() - live.since);
        else sizes.push(batch.length);
        await delay(2); // as somebody who does something with it
      }
    })();
    await until('caught up', () => sizes.reduce((sum, size) => sum + size, 0) === count);
    expect(count / sizes.length).toBeGreaterThan(200);
    live = { since: 0, latencies: [] };
    for (let i = 0; i < 21; i++) {
      await until('delivered', () => live!.latencies.length === i);
      const stream = newStream();
      live.since = performance.now();
      await appendTo(store, stream, 0, 1, 'no-stream');
    }
    await until('delivered', () => live!.latencies.length === 21);
    expect(live.latencies.sort((a, b) => a - b)[10]).toBeLessThan(100);
    stop.abort();
    await reading;
  });
});

const drain = async (batches: AsyncIterator<unknown>): Promise<void> => {
  while (!(await batches.next()).done);
};
