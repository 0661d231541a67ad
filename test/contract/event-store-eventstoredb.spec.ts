import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { EventStoreUnavailable } from '#eventing/event-store';
import { EventStoreDbDouble } from '../support/eventstoredb-double/double.js';
import { runTs } from '../support/run-ts.js';
import { all, appendSurely, appendTo, collect, eventStoreContract } from './event-store.contract.js';
import { newStream } from './event-store-events.js';

const startDouble = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
  const double = new EventStoreDbDouble(join(folder, 'events.db'));
  const connectionString = await double.listen();
  return {
    double,
    connectionString,
    stop: async () => {
      await double.close();
      rmSync(folder, { recursive: true });
    },
  };
};

eventStoreContract(
  'EventStoreDB (the double)',
  async () => {
    const { double, connectionString, stop } = await startDouble();
    const store = new EventStoreDb(connectionString);
    return {
      store,
      handedOut: () => double.sent,
      dropConnections: () => double.dropConnections(),
      tearDown: async () => {
        await store.close();
        await stop();
      },
    };
  },
  { many: 5_000 },
);

// Of a server that others use, too, nothing is asked that needs an empty store or a hand on its connections.
const server = process.env.EVENTSTORE_URL;
if (server)
  eventStoreContract(
    'EventStoreDB (a real server)',
    async () => {
      const store = new EventStoreDb(server);
      return { store, tearDown: () => store.close() };
    },
    { many: 5_000 },
  );

describe('the connection to EventStoreDB', () => {
  let running: Awaited<ReturnType<typeof startDouble>>;
  let store: EventStoreDb;
  beforeEach(async () => {
    running = await startDouble();
    store = new EventStoreDb(running.connectionString);
  });
  afterEach(async () => {
    await store.close();
    await running.stop();
  });

  it('leaves the outcome open when the answer is lost; the same append again has the first answer', async () => {
    const stream = newStream();
    running.double.faults.loseNextAnswer = true;
    await expect(appendTo(store, stream, 0, 2, 'no-stream')).rejects.toBeInstanceOf(EventStoreUnavailable);
    expect(await appendTo(store, stream, 0, 2, 'no-stream')).toMatchObject({ revision: 1 });
    expect(await all(store.readStream(stream))).toHaveLength(2);
  });

  it('does not wait for ever for an answer', async () => {
    const stream = newStream();
    await appendTo(store, stream, 0, 1, 'no-stream');
    const impatient = new EventStoreDb(running.connectionString, { answerTimeoutMs: 300 });
    running.double.faults.fallSilent();
    await expect(appendTo(impatient, stream, 1, 1, 0)).rejects.toBeInstanceOf(EventStoreUnavailable);
    await impatient.close();
  });

  it('lets every append of many that were cut off be sent again', async () => {
    const streams = Array.from({ length: 60 }, newStream);
    const done = Promise.all(streams.map((stream) => appendSurely(store, stream, 0, 3)));
    running.double.dropConnections();
    running.double.faults.loseNextAnswer = true;
    await done;
    for (const stream of streams) expect(await all(store.readStream(stream))).toHaveLength(3);
    expect(await all(store.readAll())).toHaveLength(180);
  });

  it('outlives a server that is killed and comes back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    const start = async (port = '0') => {
      const server = runTs('test/support/eventstoredb-double/main.ts', [join(folder, 'events.db'), port]);
      const [, url] = (await server.waitForLine(/^ready/)).split(' ') as [string, string];
      return { server, url, port: new URL(url.replace('esdb:', 'http:')).port };
    };
    const first = await start();
    const patient = new EventStoreDb(first.url);
    const stream = newStream();
    const seen = collect(patient, { batchSize: 3 }, 20);
    await appendTo(patient, stream, 0, 10, 'no-stream');
    await first.server.kill();
    const rest = appendSurely(patient, stream, 10, 10);
    const second = await start(first.port);
    await rest;
    expect((await seen).map(({ revision }) => revision)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await patient.close();
    await second.server.kill();
    rmSync(folder, { recursive: true });
  });

  it('ends when an answer cannot be read: the next one would not be, either', async () => {
    await appendTo(store, newStream(), 0, 1, 'no-stream');
    running.double.faults.torn = true;
    await expect(collect(store, {}, 1)).rejects.toThrow(/parsing error.*ends within/);
  });

  it('brings events of a subscription from the bytes of the answers', async () => {
    await appendTo(store, newStream(), 0, 1, 'no-stream');
    // What the client makes of an event has its data parsed, and no text of them.
    expect((await collect(store, {}, 1))[0]?.dataJson).toEqual(expect.any(String));
    expect((await all(store.readAll()))[0]?.dataJson).toBeUndefined();
  });

  it('says so when nobody is there', async () => {
    await running.double.close();
    await expect(appendTo(store, newStream(), 0, 1, 'any')).rejects.toBeInstanceOf(EventStoreUnavailable);
    await expect(all(store.readStream(newStream()))).rejects.toBeInstanceOf(EventStoreUnavailable);
    await expect(store.head()).rejects.toBeInstanceOf(EventStoreUnavailable);
    const impatient = new EventStoreDb(running.connectionString, { giveUpAfterMs: 200 });
    await expect(collect(impatient, {}, 1)).rejects.toBeInstanceOf(EventStoreUnavailable);
    await impatient.close();
  });
});
