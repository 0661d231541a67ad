import { createKafka } from '#event-stream/kafka/kafka';
import { openKafkaStream } from '#event-stream/kafka/kafka-stream';
import { createLogger } from '#platform/logging';
import { Landing } from '#warehouse/landing/landing';
import { openWarehouse } from '#warehouse/warehouse';

/** The projector without its health and metrics, which take longest to start: `BROKERS TOPIC WAREHOUSE`. */
const [brokers, topic, url] = process.argv.slice(2) as [string, string, string];
const log = createLogger('warn');
const kafka = createKafka({ brokers: brokers.split(','), clientId: 'projector', log });
const stream = await openKafkaStream({ kafka, topic, log });
const landing = new Landing({
  stream,
  warehouse: await openWarehouse({ url }),
  published: stream.landed,
  writer: `process ${process.pid}`,
  log,
});
process.stdout.write('projector runs\n');
await landing.done;
