import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRelay } from '#apps/relay/relay';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream, inProcessPlaces } from '#event-stream/in-process/in-process-stream';
import { createKafka } from '#event-stream/kafka/kafka';
import { checkpointTopicOf } from '#event-stream/kafka/topics';
import { landingLine } from '#event-stream/landing-line';
import type { RecordedEvent } from '#eventing/event';
import { createLogger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import { appendSales } from '#test/support/sales';
import { describeWithKafka, type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { uniqueName } from '#test/support/servers/unique-name';
import { openTwoStepWriter } from '#test/support/two-step-writer';
import { Landing } from '#warehouse/landing/landing';
import { migrate } from '#warehouse/migrations';
import { verify } from '#warehouse/verify/verify';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { WarehouseUnavailable } from '#warehouse/warehouse-unavailable';
import { checkCheckpoints, checkDifferences, checkTopic } from './distributed-checker.js';
import { checkLandedEvents } from './distributed-read-back.js';
import { readTopic, type TopicRecord } from './distributed-topic.js';
import type { Finding } from './standalone-checker.js';

// What keeps events from being doubled is taken away, one thing at a time, and the checker must say so. The same
// disturbance without the mistake shows that it is the mistake that it sees.

const log = createLogger('silent');
const DEADLINE_MS = 30_000;

const kinds = (found: readonly Finding[]) => new Set(found.map(({ kind }) => kind));

const eventsOf = async (store: SqliteEventStore): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const event of store.readAll()) events.push(event);
  return events;
};

/** A warehouse whose inserts and queries go through somebody's hands first. */
const inHands = (warehouse: Warehouse, hands: Partial<Pick<Warehouse, 'insertLines' | 'rows'>>): Warehouse =>
  Object.assign(Object.create(warehouse), {
    ...hands,
    connect: async () => inHands(await warehouse.connect(), hands),
  });

const latch = () => {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};

describe('the checker of what has landed', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-mutants-'));
  let warehouse: Warehouse;
  let store: SqliteEventStore;

  beforeAll(async () => {
    warehouse = await openWarehouse({ dir: join(root, 'warehouse') });
  });

  afterAll(async () => {
    await warehouse.close();
    rmSync(root, { recursive: true });
  });

  const begin = async () => {
    await warehouse.command('DROP DATABASE IF EXISTS crm SYNC');
    await migrate(warehouse, join(packageRoot(), 'infra/clickhouse/schema'));
    store = new SqliteEventStore(join(root, `${randomUUID()}.db`));
    await appendSales(store, 1, 10);
  };

  const landing = (through: Warehouse, writer: string, records = 1_000) =>
    new Landing({
      stream: new InProcessStream(store),
      warehouse: through,
      log,
      writer,
      limits: { records, bytes: 1_000_000 },
    });

  /** What has landed, held against a topic that has what the stream in the process had. */
  const findings = async () => {
    const records = (await eventsOf(store)).map(
      (event): TopicRecord => ({
        partition: 0,
        offset: event.position,
        key: '',
        value: landingLine(event).line,
        headers: {},
      }),
    );
    await store.close();
    return Object.values(await checkLandedEvents(warehouse, records)).flat();
  };

  /** The answer to the first insert of events is lost, so that it is sent again. */
  const losingAnAnswer = (token: (given: string) => string) => {
    let lost = false;
    return inHands(warehouse, {
      insertLines: async (table, lines, settings) => {
        const given = String(settings?.insert_deduplication_token);
        await warehouse.insertLines(table, lines, {
          ...settings,
          ...(table === 'crm.events' && { insert_deduplication_token: token(given) }),
        });
        if (table !== 'crm.events' || lost) return;
        lost = true;
        throw new WarehouseUnavailable(new Error('the answer was lost'));
      },
    });
  };

  const landAfterALostAnswer = async (token: (given: string) => string) => {
    await begin();
    const one = landing(losingAnAnswer(token), 'one');
    await one.waitFor(await store.head(), DEADLINE_MS);
    await one.stop();
    return findings();
  };

  it('sees an insert without its deduplication token', async () => {
    expect(await landAfterALostAnswer((token) => token)).toEqual([]);
    expect(kinds(await landAfterALostAnswer(() => randomUUID()))).toContain('doubled');
  });

  it('sees a row that says something else than its event, by verify', async () => {
    await begin();
    const one = landing(warehouse, 'one');
    const upTo = await store.head();
    await one.waitFor(upTo, DEADLINE_MS);
    await one.stop();
    const differences = async () =>
      checkDifferences((await verify(store, warehouse, { places: inProcessPlaces, upTo })).differences);
    expect(await differences()).toEqual([]);
    await warehouse.command(
      `ALTER TABLE crm.events UPDATE actor = 'somebody' WHERE position = {upTo:Int64} SETTINGS mutations_sync = 1`,
      { upTo },
    );
    expect(await differences()).toEqual([
      { kind: 'moved', what: expect.stringMatching(/^warehouse: 1 events altered/) },
    ]);
    expect(await findings()).toEqual([]);
  });

  /** The last claim of a place holds, not the first. */
  const overwriting = (through: Warehouse): Warehouse =>
    inHands(through, {
      insertLines: (table, lines, settings) =>
        through.insertLines(table, lines, {
          ...settings,
          ...(table === 'crm.claims' && { insert_deduplication_token: randomUUID() }),
        }),
      rows: (sql, params) =>
        through.rows(sql.includes('crm.claims') ? sql.replaceAll('argMin', 'argMax') : sql, params),
    });

  /** One has read ten events and sleeps before it claims them; another has claimed six and sleeps before the insert. */
  const landWithTwoSleepers = async (claimsAre: (through: Warehouse) => Warehouse) => {
    await begin();
    const [first, second] = [latch(), latch()];
    const [claiming, inserting] = [latch(), latch()];
    const one = landing(
      claimsAre(
        inHands(warehouse, {
          insertLines: async (table, lines, settings) => {
            claiming.open();
            if (table === 'crm.claims') await first.opened;
            return warehouse.insertLines(table, lines, settings);
          },
        }),
      ),
      'one',
    );
    await claiming.opened;
    const other = landing(
      claimsAre(
        inHands(warehouse, {
          insertLines: async (table, lines, settings) => {
            if (table === 'crm.events') {
              inserting.open();
              await second.opened;
            }
            return warehouse.insertLines(table, lines, settings);
          },
        }),
      ),
      'other',
      6,
    );
    await inserting.opened;
    first.open();
    const head = await store.head();
    await one.waitFor(head, DEADLINE_MS);
    second.open();
    await other.waitFor(head, DEADLINE_MS);
    await Promise.allSettled([one.stop(), other.stop()]);
    return findings();
  };

  it('sees claims that can be overwritten', async () => {
    expect(await landWithTwoSleepers((through) => through)).toEqual([]);
    expect(kinds(await landWithTwoSleepers(overwriting))).toContain('doubled');
  });
});

describeWithKafka('the checker of the topic', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-mutants-'));
  const partitions = 2;
  let kafka: KafkaForTests;

  beforeAll(async () => {
    kafka = await kafkaForTests();
  }, 120_000);

  afterAll(async () => {
    await kafka.stop();
    rmSync(root, { recursive: true });
  });

  /** Relays come one after the other; the first ends as one that is killed, as soon as its events are in the topic. */
  const relayed = async (mistake: boolean) => {
    const topic = uniqueName('events');
    const store = new SqliteEventStore(join(root, `${topic}.db`));
    const head = await appendSales(store, 1, 50);
    const options = {
      eventStore: store,
      kafka: createKafka({ brokers: kafka.brokers, clientId: 'mutant', log }),
      topics: { topic, partitions, replication: 1, minInSync: 1, retentionDays: 1 },
      log,
    };
    if (mistake) {
      const killed = new Error('killed');
      const openWriter = openTwoStepWriter(() => Promise.reject(killed));
      await expect(startRelay({ ...options, openWriter }).done).rejects.toBe(killed);
    }
    const reached = latch();
    const relay = startRelay({
      ...options,
      onRelayed: () => {
        if ((relay.status().position ?? -1) >= head) reached.open();
      },
    });
    await Promise.race([reached.opened, relay.done]);
    await relay.stop();
    const events = await eventsOf(store);
    await store.close();
    const records = await readTopic(kafka.brokers, topic);
    const marks = await readTopic(kafka.brokers, checkpointTopicOf(topic));
    return [...checkTopic(events, records, partitions), ...checkCheckpoints(events, records, marks)];
  };

  it('sees a checkpoint that is not of the same transaction as its events', async () => {
    expect(await relayed(false)).toEqual([]);
    expect(kinds(await relayed(true))).toContain('doubled');
  }, 120_000);
});
