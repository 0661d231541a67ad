import pg from 'pg';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { createKafka } from '#event-stream/kafka/kafka';
import { openKafkaStream } from '#event-stream/kafka/kafka-stream';
import { topicPlaces } from '#event-stream/kafka/topic-places';
import { checkpointTopicOf } from '#event-stream/kafka/topics';
import type { RecordedEvent } from '#eventing/event';
import { createLogger } from '#platform/logging';
import type { Difference } from '#warehouse/verify/findings';
import { verify } from '#warehouse/verify/verify';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import {
  type ClaimRow,
  checkCheckpoints,
  checkClaims,
  checkDifferences,
  checkLanded,
  checkTopic,
  type LandedRow,
} from './distributed-checker.js';
import type { Load } from './distributed-load.js';
import { type DistributedSet, PARTITIONS, TOPIC } from './distributed-set.js';
import { readTopic, type TopicRecord } from './distributed-topic.js';
import { checkCommands, checkProcesses, type Finding } from './standalone-checker.js';
import { checkTables } from './standalone-read-back.js';
import { checkViews } from './standalone-views.js';

/** What is wrong, by what was compared; every list is empty when nothing is. */
export type Findings = Readonly<Record<string, readonly Finding[]>>;

/** Reads every store of a set whose applications have ended, and compares each with the one before it. */
export const readBack = async (
  set: DistributedSet,
  load: Load,
): Promise<{ events: readonly RecordedEvent[]; findings: Findings; laidAside: readonly string[] }> => {
  const events = await readEvents(await set.url('event-store'));
  const records = await readTopic(set.brokers, TOPIC);
  const marks = await readTopic(set.brokers, checkpointTopicOf(TOPIC));
  const warehouse = await openWarehouse({ url: await set.url('warehouse') });
  try {
    return {
      events,
      findings: {
        commands: checkCommands(load.acknowledged, events),
        topic: checkTopic(events, records, PARTITIONS),
        checkpoints: checkCheckpoints(events, records, marks),
        ...(await checkWarehouse(warehouse, events, records)),
        verify: checkDifferences(await verified(set, warehouse)),
        processes: checkProcesses(events, await erasedOwners(await set.url('postgresql'))),
      },
      laidAside: await partsLaidAside(warehouse),
    };
  } finally {
    await warehouse.close();
  }
};

const readEvents = async (url: string): Promise<RecordedEvent[]> => {
  const store = new EventStoreDb(url);
  try {
    const events: RecordedEvent[] = [];
    for await (const event of store.readAll()) events.push(event);
    return events;
  } finally {
    await store.close();
  }
};

/** As an operator compares them, with the product's own means. */
const verified = async (set: DistributedSet, warehouse: Warehouse): Promise<readonly Difference[]> => {
  const log = createLogger('silent');
  const kafka = createKafka({ brokers: set.brokers, clientId: 'checker', log });
  const store = new EventStoreDb(await set.url('event-store'));
  const stream = await openKafkaStream({ kafka, topic: TOPIC, log });
  try {
    const places = topicPlaces({ kafka, topic: TOPIC, partitions: PARTITIONS, stream, log });
    return (await verify(store, warehouse, { places, upTo: await store.head() })).differences;
  } finally {
    await stream.close();
    await store.close();
  }
};

/** Rows may be missing because of them; that they are is found otherwise. */
const partsLaidAside = async (warehouse: Warehouse): Promise<string[]> =>
  (
    await warehouse.rows<{ table: string; name: string; reason: string }>(
      "SELECT table, name, ifNull(reason, '') AS reason FROM system.detached_parts WHERE database = 'crm' ORDER BY table, name",
    )
  ).map(({ table, name, reason }) => `laid aside by the engine: ${name} of crm.${table} ${reason}`.trim());

const checkWarehouse = async (
  warehouse: Warehouse,
  events: readonly RecordedEvent[],
  records: readonly TopicRecord[],
): Promise<Findings> => ({
  ...(await checkLandedEvents(warehouse, records)),
  'dead letters': (
    await warehouse.rows<{ partition: number; offset: number; reason: string }>(
      'SELECT `partition`, `offset`, reason FROM crm.open_dead_letters',
    )
  ).map(({ partition, offset, reason }) => ({ kind: 'lost', what: `${partition}/${offset}: ${reason}` })),
  projections: await checkTables(warehouse),
  views: await checkViews(events, warehouse),
});

/** crm.events and the claims, as the warehouse has them. */
export const checkLandedEvents = async (
  warehouse: Warehouse,
  records: readonly TopicRecord[],
): Promise<Findings> => ({
  landed: checkLanded(
    records,
    await warehouse.rows<LandedRow>('SELECT `partition`, `offset`, toString(event_id) AS id FROM crm.events'),
  ),
  claims: checkClaims(
    records,
    await warehouse.rows<ClaimRow>(
      `SELECT \`partition\`, first, argMinIf(c.last, noted_at, state = 'claimed') AS last,
         argMinIf(c.records, noted_at, state = 'claimed') AS records, countIf(state = 'landed') > 0 AS landed
       FROM crm.claims AS c GROUP BY \`partition\`, first HAVING countIf(state = 'claimed') > 0`,
    ),
  ),
});

/** As PostgreSQL has it, without the vault's own code. */
const erasedOwners = async (connectionString: string) => {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const ownersOf = async (table: string) =>
      new Set(
        (await client.query<{ owner: string }>(`SELECT owner FROM perennial.${table}`)).rows.map(
          ({ owner }) => owner,
        ),
      );
    return { tombstones: await ownersOf('tombstones'), keys: await ownersOf('keys') };
  } finally {
    await client.end();
  }
};
