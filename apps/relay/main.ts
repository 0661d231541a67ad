import { Closing } from '#apps/service/closing';
import { kafkaOptions, openEventStore } from '#apps/service/connections';
import { serveHttp, tracingOf } from '#apps/service/http-service';
import { Metrics } from '#apps/service/metrics';
import { processName } from '#apps/service/process-name';
import { runService } from '#apps/service/run-service';
import { topicOptions } from '#apps/service/topic-options';
import { createKafka } from '#event-stream/kafka/kafka';
import { startRelay } from './relay.js';
import { RelayMetrics } from './relay-metrics.js';

await runService(
  'relay',
  'Brings every event from EventStoreDB to Kafka, once and in order; of several relays one is active.',
  (configuration, log) =>
    Closing.guard(async (closing) => {
      const metrics = new Metrics('relay');
      const tracing = await tracingOf(configuration, 'relay');
      closing.add(() => tracing.close());
      const relayMetrics = new RelayMetrics(metrics);
      const eventStore = closing.opened(openEventStore(configuration));
      const relay = startRelay({
        eventStore,
        kafka: createKafka(kafkaOptions(configuration, 'relay', log)),
        topics: topicOptions(configuration),
        name: processName('relay'),
        log,
        tracing,
        onRelayed: (batch) => relayMetrics.relayed(batch),
      });
      closing.add(() => relay.stop());
      relayMetrics.watch(relay);
      const parts = {
        relay: () => {
          const { ready, reason } = relay.status();
          return { ready, reason };
        },
      };
      const url = await serveHttp({ configuration, metrics, tracing, log, parts }, closing);
      // It ends by itself only when it cannot go on.
      return { url, failed: relay.done as Promise<never>, close: closing.close };
    }),
  { needs: ['eventStoreUrl', 'kafkaBrokers'] },
);
