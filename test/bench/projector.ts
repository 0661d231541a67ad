import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startKafka } from '#apps/distributed/servers/kafka';
import { NOTHING_WRITTEN } from '#apps/relay/resume';
import { createKafka } from '#event-stream/kafka/kafka';
import { type TopicEvent, topicEvent } from '#event-stream/kafka/topic-event';
import { openTransactionalWriter } from '#event-stream/kafka/transactional-writer';
import type { NewEvent } from '#eventing/event';
import { createLogger } from '#platform/logging';
import { batchOf } from '#warehouse/landing/rows';
import { openWarehouse } from '#warehouse/warehouse';
import { inFolder, perSecond, report, timed } from './measure.js';
import { catchUp, cpuText, load, memoryOf, metricOf, migrateParts, startPart } from './parts.js';
import { salesEvents, streamOf } from './sales-events.js';

/**
 * A projector process that catches up, from Kafka into a warehouse process with every projection there is; against the
 * same lines inserted as they are by the same warehouse, once into a table without projections and once into one with.
 */
const EVENTS = Number(process.argv[2] ?? 300_000);
const PARTITIONS = 4;
const PER_TRANSACTION = 5_000;
const PER_INSERT = 20_000;
const TOPIC = 'bench.projector';

const log = createLogger('error');

const recorded = (event: NewEvent, index: number): TopicEvent =>
  topicEvent(
    {
      ...event,
      stream: streamOf(event),
      revision: 0,
      position: index + 1,
      recordedAt: new Date().toISOString(),
    },
    PARTITIONS,
  );

await inFolder(async (dir) => {
  const server = await startKafka({ dir: join(dir, 'kafka') });
  const password = randomBytes(16).toString('hex');
  const warehouse = await startPart('warehouse', dir, {
    PERENNIAL_DATA_DIRECTORY: join(dir, 'warehouse'),
    CLICKHOUSE_PASSWORD: password,
  });
  const env = {
    KAFKA_BROKERS: server.brokers.join(','),
    KAFKA_TOPIC: TOPIC,
    KAFKA_PARTITIONS: String(PARTITIONS),
    CLICKHOUSE_URL: warehouse.url,
    CLICKHOUSE_PASSWORD: password,
  };
  try {
    report('machine', load());
    await migrateParts(dir, env);
    const events = salesEvents(EVENTS).map(recorded);

    const client = await openWarehouse({ url: warehouse.url, username: 'default', password });
    await client.command('CREATE TABLE default.raw AS crm.events');
    const batches: Buffer[] = [];
    for (let from = 0; from < EVENTS; from += PER_INSERT) {
      const records = events.slice(from, from + PER_INSERT).map(({ value, position }) => ({
        offset: position,
        line: value,
        checked: true,
      }));
      batches.push(batchOf(0, records).rows);
    }
    const bytes = batches.reduce((sum, { length }) => sum + length, 0);
    report('bytes of a line', (bytes / EVENTS).toFixed(0));
    const raw = await timed(async () => {
      for (const batch of batches) await client.insertLines('default.raw', batch);
    });
    report('raw insert of the same bytes, no projections', perSecond(EVENTS / raw), load());

    const kafka = createKafka({ brokers: server.brokers, clientId: 'bench', log });
    const writer = await openTransactionalWriter({ kafka, topic: TOPIC, name: 'bench' });
    let checkpoint = await writer.write([], NOTHING_WRITTEN);
    for (let from = 0; from < EVENTS; from += PER_TRANSACTION)
      checkpoint = await writer.write(events.slice(from, from + PER_TRANSACTION), checkpoint);
    await writer.close();

    const projector = await startPart('projector', dir, env);
    const watched = { projector: projector.pid, warehouse: warehouse.pid, Kafka: server.pid };
    const landed = () => metricOf(projector.url, 'perennial_landed_events_total');
    const whole = await catchUp(landed, EVENTS, watched);
    report('projector process, into every projection', perSecond(whole.rate), `goal 30,000/s; ${load()}`);
    report('  microseconds of CPU an event', cpuText(whole.cpuMicroseconds));
    report('  batches', String(await metricOf(projector.url, 'perennial_landed_batches_total')));
    report('  against the raw insert', (whole.rate / (EVENTS / raw)).toFixed(2));
    const of = (pid: number) => memoryOf(pid).most.toFixed(0);
    report('most memory of projector and warehouse', `${of(projector.pid)}, ${of(warehouse.pid)} MB`);
    await projector.stop();

    const views = await timed(async () => {
      for (const batch of batches) await client.insertLines('crm.events', batch);
    });
    report('raw insert of the same bytes, every projection', perSecond(EVENTS / views), load());
    report('  the projector against that', (whole.rate / (EVENTS / views)).toFixed(2));

    const sizes = await client.rows<{ part: string; bytes: number; parts: number }>(
      `SELECT if(table = 'events', 'events', if(table = 'raw', 'raw', 'projections')) AS part,
              sum(bytes_on_disk) AS bytes, toUInt32(count()) AS parts
       FROM system.parts WHERE active AND database IN ('crm', 'default') GROUP BY part ORDER BY part`,
    );
    for (const { part, bytes: size, parts } of sizes)
      report(`bytes of ${part} on disk`, String(size), `${parts} parts`);
    await client.close();
  } finally {
    await Promise.all([warehouse.stop(), server.stop()]);
  }
});
