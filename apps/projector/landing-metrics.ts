import { type Metrics, stateSet } from '#apps/service/metrics';
import type { EventStream } from '#event-stream/event-stream';
import type { KafkaStream } from '#event-stream/kafka/kafka-stream';
import type { LandedBatch, Landing } from '#warehouse/landing/landing';
import type { LandingState } from '#warehouse/landing/landing-status';

const STATES: readonly LandingState[] = ['landing', 'waiting', 'held', 'failed'];

/** What landing tells Prometheus, of this process alone. */
export const measureLanding = (
  metrics: Metrics,
  landing: Landing,
  stream: Pick<EventStream, 'watermarks'>,
): void => {
  metrics.gauge('landing_state', 'Whether events are being landed', ['state'], () =>
    stateSet(STATES, landing.status().state),
  );
  metrics.total(
    'landed_events_total',
    'Events landed by this process',
    [],
    () => landing.status().landedRecords,
  );
  metrics.total(
    'landed_batches_total',
    'Batches landed by this process',
    [],
    () => landing.status().landedBatches,
  );
  metrics.total(
    'dead_letters_total',
    'Records that this process set aside because they could not be landed',
    [],
    () => landing.status().deadLetters,
  );
  metrics.gauge('landing_waiting_records', 'Records read and not landed yet', ['partition'], () =>
    landing
      .status()
      .partitions.map(({ partition, waitingRecords }) => [{ partition: String(partition) }, waitingRecords]),
  );
  metrics.gauge('landing_next_offset', 'First offset that has not landed', ['partition'], () =>
    landing.status().partitions.map(({ partition, next }) => [{ partition: String(partition) }, next]),
  );
  metrics.gauge(
    'landing_lag_events',
    'Offsets that the stream has and the warehouse has not, in the partitions of this process',
    ['partition'],
    async () => {
      const watermarks = await stream.watermarks();
      return landing.status().partitions.map(({ partition, next }) => {
        const { low = 0, high = 0 } = watermarks.get(partition) ?? {};
        return [{ partition: String(partition) }, Math.max(0, high - Math.max(low, next))];
      });
    },
  );
  metrics.gauge(
    'landing_lag_seconds',
    'Age of the oldest event of this process that has not landed',
    [],
    async () => (await landing.freshness()).seconds,
  );
};

/** What each batch tells; made before landing, which it is given to. */
export const landedBatches = (metrics: Metrics): ((batch: LandedBatch) => void) => {
  const inserts = metrics.duration(
    'landing_insert_duration_seconds',
    'How long a batch took to be inserted, with what was tried again of it',
  );
  const delay = metrics.duration(
    'landing_delay_seconds',
    'From the event store taking the oldest event of a batch to the warehouse showing it',
  );
  return ({ milliseconds, recordedAt }) => {
    inserts.observe(milliseconds / 1000);
    delay.observe(Math.max(0, Date.now() - recordedAt) / 1000);
  };
};

/** What the consumer of the topic tells. */
export const measureConsumer = (metrics: Metrics, stream: KafkaStream): void => {
  metrics.gauge('consumer_connected', 'Whether this process is in its group and brokers answer', [], () =>
    stream.status().connected ? 1 : 0,
  );
  metrics.gauge(
    'consumer_partitions',
    'Partitions that this process has',
    [],
    () => stream.status().partitions.length,
  );
  metrics.gauge(
    'consumer_generation',
    'Rises with every assignment of partitions to this process',
    [],
    () => stream.status().generation,
  );
  metrics.gauge('consumer_fetch_age_seconds', 'Since a broker last answered a fetch', [], () => {
    const { fetchedAt } = stream.status();
    return fetchedAt === undefined ? [] : Math.max(0, Date.now() - fetchedAt) / 1000;
  });
};
