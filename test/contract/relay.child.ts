import { Kafka, logLevel } from 'kafkajs';
import { type RelayStatus, startRelay } from '#apps/relay/relay';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { through } from '#test/support/kafka-request-gate';
import { silent } from '#test/support/process-stores';
import { relayTopics } from './relay-topics.js';

/** A relay in a process of its own, that tests kill and pause: prints its state whenever that changes. */
const [brokers, gatePort, topic, file, sessionTimeoutMs] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const relay = startRelay({
  eventStore: new SqliteEventStore(file),
  kafka: new Kafka({
    brokers: [brokers],
    socketFactory: gatePort === '0' ? undefined : through(Number(gatePort)),
    logLevel: logLevel.NOTHING,
  }),
  topics: relayTopics(topic),
  sessionTimeoutMs: Number(sessionTimeoutMs),
  log: silent,
});
let state: RelayStatus['state'] | undefined;
setInterval(() => {
  const status = relay.status();
  if (status.state !== state) console.log(status.state);
  state = status.state;
}, 5);
await relay.done;
