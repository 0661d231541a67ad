import { Closing } from '#apps/service/closing';
import { kafkaOptions, openClickHouse } from '#apps/service/connections';
import { serveHttp, tracingOf } from '#apps/service/http-service';
import { Metrics } from '#apps/service/metrics';
import { processName } from '#apps/service/process-name';
import { reachable } from '#apps/service/reachable';
import { runService } from '#apps/service/run-service';
import { laidAsideCount, measureTables, tablesHealth } from '#apps/service/tables-health';
import { createKafka } from '#event-stream/kafka/kafka';
import { openKafkaStream } from '#event-stream/kafka/kafka-stream';
import { Landing } from '#warehouse/landing/landing';
import { pruneNowAndThen } from './claim-upkeep.js';
import { landingHealth } from './landing-health.js';
import { landedBatches, measureConsumer, measureLanding } from './landing-metrics.js';

await runService(
  'projector',
  'Lands every event of the topic in ClickHouse exactly once; several share the partitions.',
  (configuration, log) =>
    Closing.guard(async (closing) => {
      const metrics = new Metrics('projector');
      const tracing = await tracingOf(configuration, 'projector');
      closing.add(() => tracing.close());
      const warehouse = closing.opened(await openClickHouse(configuration));
      const stream = closing.opened(
        await openKafkaStream({
          kafka: createKafka(kafkaOptions(configuration, 'projector', log)),
          topic: configuration.kafkaTopic,
          log,
        }),
      );
      const landing = new Landing({
        stream,
        warehouse,
        published: stream.landed,
        writer: processName('projector'),
        log,
        tracing,
        onLanded: landedBatches(metrics),
      });
      closing.add(() => landing.stop().catch(() => {}));
      measureLanding(metrics, landing, stream);
      measureConsumer(metrics, stream);
      pruneNowAndThen(warehouse, log, closing);
      const laidAside = laidAsideCount(warehouse);
      measureTables(metrics, laidAside);
      const parts = {
        landing: () => landingHealth(landing),
        // An insert that hangs says nothing for two minutes.
        warehouse: reachable(() => warehouse.rows('SELECT 1')),
        tables: () => tablesHealth(laidAside()),
        kafka: () => {
          const { connected, error } = stream.status();
          return { ready: connected, reason: error ?? 'no broker answers' };
        },
      };
      const url = await serveHttp({ configuration, metrics, tracing, log, parts }, closing);
      // It ends by itself only when it cannot go on.
      return { url, failed: landing.done as Promise<never>, close: closing.close };
    }),
  { needs: ['kafkaBrokers', 'clickhouseUrl'] },
);
