import { type Metrics, stateSet } from '#apps/service/metrics';
import type { Relay, RelayedBatch } from './relay.js';
import type { RelayState } from './relay-progress.js';

const STATES: readonly RelayState[] = ['starting', 'standby', 'active', 'stopped'];

/** What a relay tells Prometheus. */
export class RelayMetrics {
  private events = 0;
  private batches = 0;
  private readonly transactions;
  private readonly delay;

  constructor(private readonly metrics: Metrics) {
    this.transactions = metrics.duration('relay_transaction_duration_seconds', 'How long a transaction took');
    this.delay = metrics.duration(
      'relay_delay_seconds',
      'From the event store taking the oldest event of a transaction to its commit',
    );
  }

  relayed({ events, milliseconds, oldestRecordedAt }: RelayedBatch): void {
    this.events += events;
    this.batches += 1;
    this.transactions.observe(milliseconds / 1000);
    this.delay.observe(Math.max(0, Date.now() - Date.parse(oldestRecordedAt)) / 1000);
  }

  watch(relay: Relay): void {
    const { metrics } = this;
    metrics.total('relay_events_total', 'Events brought to the topic by this process', [], () => this.events);
    metrics.total(
      'relay_transactions_total',
      'Transactions committed by this process',
      [],
      () => this.batches,
    );
    metrics.gauge('relay_state', 'Whether this relay is the active one', ['state'], () =>
      stateSet(STATES, relay.status().state),
    );
    metrics.gauge('relay_position', 'Every event up to this position is in the topic', [], () => {
      const { position } = relay.status();
      return position ?? [];
    });
    metrics.gauge(
      'relay_lag_positions',
      'Positions of the event store that are not in the topic yet; in a store without gaps, events',
      [],
      () => relay.status().lag ?? [],
    );
    metrics.gauge(
      'relay_lag_seconds',
      'Age of the oldest event that is not in the topic yet, at most',
      [],
      () => relay.status().lagSeconds ?? [],
    );
  }
}
