import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import type { TopicEvent } from '#event-stream/kafka/topic-event';
import { describeWithKafka, type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { client } from './event-stream-topic.js';
import { killedAt, until, VerifiedSet } from './verify-topic.js';

jest.setTimeout(180_000);

describeWithKafka('event store, topic and warehouse', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let server: KafkaForTests;
  let kafka: Kafka;
  let warehouse: Warehouse;
  let set: VerifiedSet;

  beforeAll(async () => {
    server = await kafkaForTests();
    kafka = client(server.brokers);
    warehouse = await openWarehouse({ dir });
  });
  beforeEach(async () => {
    set = await VerifiedSet.open(kafka, warehouse);
  });
  afterEach(() => set?.close());
  afterAll(async () => {
    await warehouse?.close();
    await server?.stop();
    rmSync(dir, { recursive: true });
  });

  const once = (events: number) => ({ rows: events, events, places: events });
  const kinds = async () =>
    (await set.verify()).differences.map((each) => `${each.in}: ${each.kind} ${each.first}-${each.last}`);

  it('agree, and what differs in the warehouse is named; what is missing is refilled', async () => {
    set.start();
    await set.landedUpTo(await set.send(300));
    const found = await set.verify();
    expect(found).toMatchObject({ agrees: true, events: 300, topic: 300, goneFromTopic: 0, landed: 300 });
    expect(
      found.days.map(({ partition, events, topic, landed }) => [
        partition,
        events === topic,
        events === landed,
      ]),
    ).toEqual([0, 1, 2].map((partition) => [partition, true, true]));
    await warehouse.command('DELETE FROM crm.events WHERE position IN (50, 51, 52, 299)');
    await warehouse.command(
      'INSERT INTO crm.events SELECT * REPLACE (offset + 1000 AS offset) FROM crm.events WHERE position = 100',
    );
    await warehouse.command(
      "ALTER TABLE crm.events UPDATE data = '{}' WHERE position = 150 SETTINGS mutations_sync = 1",
    );
    const named = await kinds();
    for (const name of ['missing 299-299', 'doubled 100-100', 'altered 150-150'])
      expect(named).toContain(`warehouse: ${name}`);
    expect((await set.verify()).differing).toBe(6);
    await warehouse.command('DELETE FROM crm.events WHERE offset >= 1000');
    await warehouse.command('DELETE FROM crm.events WHERE position = 150');
    expect(await set.refill()).toMatchObject({ refilled: 5, landedInstead: 0 });
    expect(await set.refill()).toMatchObject({ refilled: 0, landedInstead: 0 });
    expect((await set.verify()).differences).toEqual([]);
  });

  it('agree although somebody else wrote into the topic what is no event, once it is set aside', async () => {
    set.start();
    await set.landedUpTo(await set.send(50));
    const producer = kafka.producer();
    await producer.connect();
    const messages = ['nonsense', '{"a":1}'].map((value) => ({ key: 'k', value, partition: 1 }));
    await producer.send({ topic: set.topic.name, messages });
    await producer.disconnect();
    await set.landedUpTo(await set.send(50));
    expect(await set.verify()).toMatchObject({ agrees: true, events: 100, foreign: 2, differences: [] });
    await warehouse.command('DELETE FROM crm.dead_letters WHERE true');
    expect(await set.verify()).toMatchObject({ agrees: false, foreign: 0, differing: 2 });
  });

  it('differ where the topic was not written from the event store, and each way is named', async () => {
    set.start();
    const at = (events: TopicEvent[], position: number) =>
      events.findIndex((each) => each.position === position);
    await set.landedUpTo(
      await set.send(100, (events) => {
        const changed = [...events];
        if (at(changed, 10) >= 0) changed.splice(at(changed, 10), 1);
        const twice = at(changed, 30);
        if (twice >= 0) changed.splice(twice, 0, changed[twice]!);
        const other = at(changed, 50);
        if (other >= 0)
          changed[other] = {
            ...changed[other]!,
            value: changed[other]!.value.replace('"revision":0', '"revision":7'),
          };
        const early = at(changed, 70);
        const peer = changed.findIndex(
          ({ position, partition }) => position > 70 && partition === changed[early]?.partition,
        );
        if (early >= 0 && peer >= 0) [changed[early], changed[peer]] = [changed[peer]!, changed[early]!];
        return changed;
      }),
    );
    const named = await kinds();
    for (const name of ['missing 10-10', 'doubled 30-30', 'altered 50-50', 'out of order 70-70'])
      expect(named).toContain(`topic: ${name}`);
    for (const name of ['missing 10-10', 'doubled 30-30', 'altered 50-50'])
      expect(named).toContain(`warehouse: ${name}`);
    await warehouse.command('DELETE FROM crm.events WHERE position = 30');
    // It never was in the topic, and between its neighbours there is no place left.
    await expect(set.refill()).rejects.toMatchObject({ code: 'refill-no-place' });
    expect(await set.refill(11)).toMatchObject({ refilled: 1 });
    expect((await kinds()).filter((name) => name.includes('warehouse') && name.includes('30'))).toEqual([]);
  });

  it('a refill finds places for what the topic no longer has, under load, killed at every step', async () => {
    set.start();
    await set.landedUpTo(await set.send(200));
    const low = [60, 60, 60];
    for (const [partition, offset] of low.entries()) await set.topic.deleteBefore(partition, offset);
    expect(await set.verify()).toMatchObject({ agrees: true, events: 200, landed: 200 });
    expect((await set.verify()).goneFromTopic).toBeGreaterThan(20);
    await warehouse.command('DELETE FROM crm.events WHERE position IN (1, 7, 8, 9, 40, 199)');
    let live = true;
    const load = (async () => {
      let position = -1;
      while (live) position = await set.send(20);
      return position;
    })();
    try {
      // An announcement, the rows, and the note that they are there; of three partitions at most.
      for (let step = 1; step <= 4; step++)
        for (const done of [false, true])
          await set.refill(0, killedAt(warehouse, step, done)).catch((error: Error) => {
            if (error.message !== 'killed') throw error;
          });
      await set.refill();
    } finally {
      live = false;
    }
    const position = await load;
    await set.landedUpTo(position);
    expect((await set.verify()).differences).toEqual([]);
    expect(await set.counts()).toMatchObject(once(position));
    // Rows that were there before were seen before.
    expect(await set.counts()).toMatchObject({ seen: position + 6 });
  });

  it('what retention took before a projector came is landed from the event store, then it goes on', async () => {
    const lows = async () => await set.places.topic!.watermarks();
    await set.send(300);
    const before = await lows();
    await set.topic.deleteBefore(0, 30);
    await set.topic.deleteBefore(1, before.get(1)!.high);
    const landing = set.start();
    const stopped = () => landing.status().partitions.filter(({ stopped: why }) => why !== undefined);
    await until('two partitions are stopped, the third has landed', async () => {
      const [row] = await warehouse.rows<{ n: number }>(
        'SELECT count() AS n FROM crm.events WHERE partition = 2',
      );
      return stopped().length === 2 && (row?.n ?? 0) > 0;
    });
    expect(JSON.stringify(stopped())).toContain('perennial refill');
    for (let step = 1; step <= 4; step++)
      for (const done of [false, true])
        await set.refill(0, killedAt(warehouse, step, done)).catch((error: Error) => {
          if (error.message !== 'killed') throw error;
        });
    await set.refill();
    await set.landedUpTo(300);
    expect(stopped()).toEqual([]);
    expect((await set.verify()).differences).toEqual([]);
    expect(await set.counts()).toEqual({ ...once(300), seen: 300 });

    // And once more, later: a projector that was away for too long.
    await set.stop();
    const position = await set.send(100);
    const after = await lows();
    await set.topic.deleteBefore(2, after.get(2)!.high - 3);
    set.start();
    await until('something was landed instead', async () => (await set.refill()).landedInstead > 0);
    await set.landedUpTo(await set.send(30));
    expect((await set.verify()).differences).toEqual([]);
    expect(await set.counts()).toEqual({ ...once(position + 30), seen: position + 30 });
  });
});
