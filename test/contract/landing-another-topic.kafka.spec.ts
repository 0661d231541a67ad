import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import { packageRoot } from '#platform/package-root';
import { eventLine } from '#test/support/event-line';
import { describeWithKafka, type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { Landing } from '#warehouse/landing/landing';
import { migrate } from '#warehouse/migrations';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { client, log, TestTopic, until } from './event-stream-topic.js';

jest.setTimeout(120_000);
const DEADLINE_MS = 60_000;
const PARTITIONS = 2;

describeWithKafka('a projector whose topic was made anew while the warehouse was kept', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let server: KafkaForTests;
  let kafka: Kafka;
  let warehouse: Warehouse;
  let topic: TestTopic;
  let landing: Landing | undefined;

  beforeAll(async () => {
    server = await kafkaForTests();
    kafka = client(server.brokers);
    warehouse = await openWarehouse({ dir });
  });
  beforeEach(async () => {
    await warehouse.command('DROP DATABASE IF EXISTS crm SYNC');
    await migrate(warehouse, join(packageRoot(), 'infra', 'clickhouse', 'schema'));
    topic = await TestTopic.create(kafka, PARTITIONS);
  });
  afterEach(async () => {
    await landing?.stop().catch(() => {});
    landing = undefined;
    await topic?.close();
  });
  afterAll(async () => {
    await warehouse?.close();
    await server?.stop();
    rmSync(dir, { recursive: true });
  });

  const start = async () => {
    const stream = await topic.open({ maxWaitMs: 20 });
    landing = new Landing({ stream, warehouse, log, writer: 'test' });
    return landing;
  };
  const counts = async () =>
    (
      await warehouse.rows<{ n: number; u: number }>(
        'SELECT count() AS n, uniqExact(position) AS u FROM crm.events',
      )
    )[0];
  const landed = (events: number) => until(async () => (await counts())?.n === events, DEADLINE_MS);
  const stopped = () =>
    landing!.status().partitions.flatMap(({ partition, stopped }) => (stopped ? [partition] : []));
  /** As a relay that begins from the start, in transactions of another size. */
  const refill = async (events: number, perTransaction: number) => {
    await topic.make();
    for (let from = 0; from < events; from += perTransaction) {
      const positions = Array.from({ length: Math.min(perTransaction, events - from) }, (_, i) => from + i);
      await topic.sendMessages(
        positions.map((position) => ({ value: eventLine(position), partition: position % PARTITIONS })),
        { position: positions.at(-1)! },
      );
    }
    await topic.visible();
  };

  it.each([
    ['with more offsets, which would double events', 10, 2],
    ['with fewer offsets, which would leave events out', 2, 60],
  ])('notices it while it runs, however long the topic is: %s', async (_, before, after) => {
    for (let sent = 0; sent < 20; sent += before) await topic.send(before);
    await start();
    await landed(20);
    await topic.delete();
    await refill(120, after);
    await until(async () => stopped().length === PARTITIONS, DEADLINE_MS);
    const { state, reason } = landing!.status();
    expect(state).toBe('failed');
    expect(reason).toMatch(/Partition 0 .*docs\/how-to\/repair\.md.*Partition 1/);
    expect(await counts()).toEqual({ n: 20, u: 20 });
  });

  it('stops in the partition alone that ends too early, and goes on by itself when it does not', async () => {
    await topic.send(20);
    await start();
    await landed(20);
    await landing!.stop();
    // As if the second partition had been landed further than it goes.
    await warehouse.command(
      `INSERT INTO crm.claims (partition, first, last, records, state, writer)
       VALUES (1, 11, 19, 0, 'claimed', 'x'), (1, 11, 19, 0, 'landed', 'x')`,
    );
    await topic.send(6, { partition: 0 });
    await start();
    await landed(26);
    await until(async () => stopped().length > 0, DEADLINE_MS);
    expect(stopped()).toEqual([1]);
    expect(landing!.status().reason).toContain('ends before offset 11, but was read up to 20');
    await warehouse.command('DELETE FROM crm.claims WHERE partition = 1 AND first = 11');
    await topic.send(4);
    await landed(30);
    await until(async () => landing!.status().state === 'landing', DEADLINE_MS);
  });
});
