import pg from 'pg';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { checkpointTopicOf } from '#event-stream/kafka/topics';
import type { RecordedEvent } from '#eventing/event';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import {
  type ClaimRow,
  checkCheckpoints,
  checkClaims,
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
): Promise<{ events: readonly RecordedEvent[]; findings: Findings }> => {
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
        processes: checkProcesses(events, await erasedOwners(await set.url('postgresql'))),
      },
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

const checkWarehouse = async (
  warehouse: Warehouse,
  events: readonly RecordedEvent[],
  records: readonly TopicRecord[],
): Promise<Findings> => ({
  ...(await checkLandedEvents(warehouse, records)),
  'dead letters': (
    await warehouse.rows<{ partition: number; offset: number; reason: string }>(
      'SELECT `partition`, `offset`, reason FROM crm.dead_letters',
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
