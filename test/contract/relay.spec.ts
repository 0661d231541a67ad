import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { type Relay, type RelayOptions, startRelay } from '#apps/relay/relay';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { createKafka } from '#event-stream/kafka/kafka';
import { checkpointTopicOf } from '#event-stream/kafka/topics';
import type { EventStore } from '#eventing/event-store';
import { EventStoreDbDouble } from '#test/support/eventstoredb-double/double';
import {
  END_TRANSACTION,
  KafkaRequestGate,
  PRODUCE,
  through,
  type Verdict,
} from '#test/support/kafka-request-gate';
import { newFolder, removeFolder, silent } from '#test/support/process-stores';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { appendSales } from '#test/support/sales';
import { describeWithOwnKafka, type KafkaServer, startKafka } from '#test/support/servers/kafka';
import { uniqueName } from '#test/support/servers/unique-name';
import { readCheckpoints, readTopic } from '#test/support/topic-records';
import { openTwoStepWriter } from '#test/support/two-step-writer';
import { relayTopics } from './relay-topics.js';

/** Brokers start slowly on a machine that has much else to do. */
jest.setTimeout(90_000);

/** Brokers of our own allow so short a time. */
const SESSION_MS = 2_000;

describeWithOwnKafka('the relay', () => {
  let server: KafkaServer;
  let kafka: Kafka;
  let folder: string;
  let topic: string;
  let store: SqliteEventStore;
  let appended: number;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    server = await startKafka();
    kafka = createKafka({ brokers: server.brokers, clientId: 'test', log: silent });
  });
  beforeEach(() => {
    folder = newFolder();
    topic = uniqueName('relay');
    store = new SqliteEventStore(join(folder, 'events.db'));
    appended = 0;
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await store.close();
    removeFolder(folder);
  });
  afterAll(() => server?.stop());

  const append = async (count: number, to: EventStore = store): Promise<number> => {
    const last = await appendSales(to, appended, count);
    appended += count;
    return last;
  };
  const start = (change: Partial<RelayOptions> = {}): Relay => {
    const relay = startRelay({
      eventStore: store,
      kafka,
      topics: relayTopics(topic),
      sessionTimeoutMs: SESSION_MS,
      log: silent,
      ...change,
    });
    closing.push(() => relay.stop());
    return relay;
  };
  const child = (gatePort = 0): TsProcess => {
    const args = [server.brokers[0]!, gatePort, topic, join(folder, 'events.db'), SESSION_MS].map(String);
    const process = runTs('test/contract/relay.child.ts', args);
    closing.push(() => process.kill());
    return process;
  };
  const gate = async (): Promise<{ gate: KafkaRequestGate; port: number }> => {
    const opened = new KafkaRequestGate(Number(server.brokers[0]!.split(':')[1]));
    closing.push(() => opened.close());
    return { gate: opened, port: await opened.listen() };
  };
  const reached = (relay: Relay, position: number) =>
    Promise.race([
      until(() => relay.status().position === position, `position ${position}`),
      relay.done.then(() => {
        throw new Error('The relay has ended');
      }),
    ]);
  /** Until the last checkpoint is at the position, whoever writes it. */
  const written = (position: number) =>
    until(async () => (await readCheckpoints(kafka, topic)).at(-1)?.position === position, 'the checkpoint');

  /** Every event once, each customer's in order, and the last checkpoint at the end of all. */
  const expectEveryEventOnce = async (): Promise<void> => {
    const records = await readTopic(kafka, topic);
    const positions = records.map(({ value }) => JSON.parse(value).position as number);
    const all: number[] = [];
    for await (const { position } of store.readAll()) all.push(position);
    expect([...positions].sort((a, b) => a - b)).toEqual(all);
    const last = new Map<string, number>();
    for (const [i, { key }] of records.entries()) {
      expect(positions[i]).toBeGreaterThan(last.get(key) ?? -1);
      last.set(key, positions[i]!);
    }
    const ends = new Map<number, number>();
    for (const { partition, offset } of records) ends.set(partition, offset + 1);
    const checkpoint = (await readCheckpoints(kafka, topic)).at(-1)!;
    expect(checkpoint.position).toBe(all.at(-1));
    expect(Object.fromEntries(checkpoint.next)).toEqual(Object.fromEntries(ends));
  };

  it('brings every event once, each customer in order, and stays live', async () => {
    const relayed: number[] = [];
    const last = await append(12_000);
    const relay = start({ onRelayed: ({ events }) => relayed.push(events) });
    await reached(relay, last);
    expect(relay.status()).toMatchObject({ state: 'active', ready: true, position: last });
    expect(Math.max(...relayed)).toBeGreaterThan(1_000); // batches grow
    for (let i = 0; i < 5; i++) await reached(relay, await append(1));
    expect(relayed.slice(-5)).toEqual([1, 1, 1, 1, 1]); // and are small when there is little
    expect(relayed.reduce((sum, events) => sum + events, 0)).toBe(12_005);
    await expectEveryEventOnce();
  });

  it('goes on where it ended, also after it had nothing to write', async () => {
    for (const count of [0, 50, 0, 7]) {
      if (count > 0) await append(count);
      const relay = start();
      await until(() => relay.status().state === 'active', 'active');
      await reached(relay, await store.head());
      await relay.stop();
      expect(relay.status()).toMatchObject({ state: 'stopped', ready: false });
    }
    await expectEveryEventOnce();
  });

  it('does not go on when checkpoint, topic and event store do not belong together', async () => {
    await reached(start(), await append(20));
    await Promise.all(closing.splice(0).map((close) => close()));
    const other = new SqliteEventStore(join(folder, 'other.db'));
    await append(3, other);
    await expect(start({ eventStore: other }).done).rejects.toMatchObject({
      code: 'event-store-behind-checkpoint',
    });
    await other.close();
    const admin = kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    const gone = async (name: string) => {
      await admin.deleteTopics({ topics: [name] });
      await until(async () => !(await admin.listTopics()).includes(name), `${name} gone`);
    };
    await gone(topic);
    const { done } = start();
    await expect(done).rejects.toMatchObject({ code: 'topic-behind-checkpoint' });
    await expect(done).rejects.toThrow(/make both topics and the warehouse anew/);
    await gone(checkpointTopicOf(topic));
    await gone(topic);
    const relay = start();
    await reached(relay, 20);
    await relay.stop();
    await gone(checkpointTopicOf(topic));
    await expect(start().done).rejects.toMatchObject({ code: 'checkpoint-lost' });
  });

  it('names settings of a topic that are wrong', async () => {
    await reached(start(), await append(1));
    const { done } = start({ topics: { ...relayTopics(topic), partitions: 5 } });
    await expect(done).rejects.toMatchObject({ code: 'topic-settings' });
  });

  it.each<[string, number, Verdict]>([
    ['a commit that the broker never gets', END_TRANSACTION, 'cut'],
    ['a commit of whose success nobody hears', END_TRANSACTION, 'cut the answer'],
    ['events of whose arrival nobody hears', PRODUCE, 'cut the answer'],
  ])('loses and doubles nothing on %s', async (_, request, verdict) => {
    const { gate: door, port } = await gate();
    let seen = 0;
    let cuts = 0;
    door.judge = (apiKey) => {
      if (apiKey !== request || ++seen % 5 !== 0 || cuts === 3) return 'pass';
      cuts += 1;
      return verdict;
    };
    const gated = new Kafka({
      brokers: server.brokers,
      socketFactory: through(port),
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 100, retries: 5 },
    });
    const relay = start({ kafka: gated });
    // As many transactions as it takes.
    while (cuts < 3) {
      await append(20);
      await delay(5);
    }
    await reached(relay, await append(1));
    if (request === END_TRANSACTION) expect(relay.status().lastError).toMatchObject({ over: true });
    await expectEveryEventOnce();
  });

  it('doubles events when the checkpoint is not in the same transaction: this test can fail', async () => {
    await append(10);
    let crashes = 1;
    const between = async () => {
      if (crashes-- > 0) throw new Error('killed in between');
    };
    await expect(start({ openWriter: openTwoStepWriter(between) }).done).rejects.toThrow('killed in between');
    await reached(start({ openWriter: openTwoStepWriter(between) }), 10);
    await expect(expectEveryEventOnce()).rejects.toThrow();
    expect(await readTopic(kafka, topic)).toHaveLength(20);
  });

  it('stands by while another is active, keeps out of its way, and takes over at once when it leaves', async () => {
    const first = start();
    await reached(first, await append(10));
    const second = start();
    await until(() => second.status().ready, 'ready');
    await reached(first, await append(10));
    expect(second.status()).toMatchObject({ state: 'standby', ready: true });
    const left = Date.now();
    await first.stop();
    await reached(second, await append(10));
    expect(Date.now() - left).toBeLessThan(5_000);
    await expectEveryEventOnce();
  });

  it('takes over from one that was killed', async () => {
    const killed = child();
    await killed.waitForLine(/active/);
    await written(await append(100));
    const other = start();
    await until(() => other.status().ready, 'ready');
    expect(other.status().state).toBe('standby');
    await append(3_000);
    await killed.kill('SIGKILL');
    const at = Date.now();
    await reached(other, await append(100));
    expect(Date.now() - at).toBeLessThan(SESSION_MS + 6_000);
    await expectEveryEventOnce();
  });

  it('lets one that was paused in the middle of a commit write nothing when it wakes up', async () => {
    const { gate: door, port } = await gate();
    const paused = child(port);
    await paused.waitForLine(/active/);
    await written(await append(100));
    let commit: (verdict: Verdict) => void = () => {};
    const committing = new Promise<void>((resolve) => {
      door.judge = (apiKey) => {
        if (apiKey !== END_TRANSACTION) return 'pass';
        door.judge = () => 'pass';
        resolve();
        return new Promise<Verdict>((decide) => {
          commit = decide;
        });
      };
    });
    await append(50);
    await committing;
    paused.child.kill('SIGSTOP');
    const other = start();
    await reached(other, await store.head());
    // The commit of the one that sleeps arrives only now, and is refused.
    commit('pass');
    await reached(other, await append(20));
    const said = paused.lines.length;
    paused.child.kill('SIGCONT');
    await paused.waitForLine(/standby/, { from: said });
    await reached(other, await append(20));
    expect(other.status().state).toBe('active');
    await expectEveryEventOnce();
  });

  it('lets one that was paused at any other time notice it, too', async () => {
    const paused = child();
    await paused.waitForLine(/active/);
    await written(await append(100));
    paused.child.kill('SIGSTOP');
    const other = start();
    await reached(other, await append(100));
    const said = paused.lines.length;
    paused.child.kill('SIGCONT');
    // It may write at once, with what it has read before it knows of the other.
    await append(100);
    await paused.waitForLine(/standby/, { from: said });
    await reached(other, await store.head());
    expect(other.status().state).toBe('active');
    await expectEveryEventOnce();
  });

  it('waits for an event store that is away, says so, and goes on', async () => {
    const file = join(folder, 'double.db');
    let double = new EventStoreDbDouble(file);
    const connection = await double.listen();
    const eventStore = new EventStoreDb(connection, { giveUpAfterMs: 500 });
    closing.push(
      () => double.close(),
      () => eventStore.close(),
    );
    const relay = start({ eventStore });
    await reached(relay, await append(20, eventStore));
    await double.close();
    await until(() => !relay.status().ready, 'not ready');
    expect(relay.status().lastError).toMatchObject({ over: false });
    double = new EventStoreDbDouble(file);
    await double.listen(Number(new URL(connection).port));
    await until(() => relay.status().ready, 'ready again');
    await reached(relay, await append(20, eventStore));
    expect(await readTopic(kafka, topic)).toHaveLength(40);
  });

  it('waits for brokers that are away, and goes on', async () => {
    const relay = start();
    await reached(relay, await append(100));
    await server.kill('SIGKILL');
    const last = await append(5_000);
    await until(() => !relay.status().ready, 'not ready');
    await server.restart();
    await reached(relay, last);
    expect(relay.status()).toMatchObject({ state: 'active', ready: true });
    await expectEveryEventOnce();
  });
});

const until = async (condition: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const deadline = Date.now() + 40_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not within 40 s: ${what}`);
    await delay(10);
  }
};
