import kafkajs, { type Kafka, type LogEntry, type SASLOptions } from 'kafkajs';
import type { Logger } from '#platform/logging';

export interface KafkaOptions {
  /** `host:port` of the brokers that are asked for all others. */
  readonly brokers: readonly string[];
  /** How the brokers' logs call this process. */
  readonly clientId: string;
  readonly tls?: boolean;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  readonly log: Logger;
}

/** Named in full, because the client's own are others when NODE_ENV is `test`. */
const RETRY = { initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 5_000, retries: 5 };

/** The client that producers, consumers and admins come from; it connects nothing by itself. */
export const createKafka = ({ brokers, clientId, tls = false, sasl, log }: KafkaOptions): Kafka =>
  new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ssl: tls,
    sasl: sasl as SASLOptions | undefined,
    connectionTimeout: 3_000,
    requestTimeout: 15_000,
    retry: RETRY,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => (entry) => write(log, entry),
  });

/** They tell each attempt of many while a broker is away. */
const CHATTY = new Set(['Connection', 'BrokerPool']);

/**
 * Kafka's words for 'your transaction before is still being written away': normal right behind a commit, and asked
 * again a moment later.
 */
const BEHIND_A_COMMIT = 'attempted to update a transaction while another concurrent operation';

/**
 * What the client calls an error it mostly repeats by itself, and what in the end fails is thrown and reported by
 * whoever asked for it. Stacks and payloads of requests stay out.
 */
const write = (
  log: Logger,
  { level, namespace, log: { message, error, broker, groupId } }: LogEntry,
): void => {
  const fields = { from: 'kafkajs', part: namespace, error, broker, groupId };
  const expected = CHATTY.has(namespace) || message.includes(BEHIND_A_COMMIT);
  if (level === kafkajs.logLevel.ERROR && !expected) log.warn(fields, message);
  else log.debug(fields, message);
};

const LET_GO_WITHIN_MS = 2_000;

/** Ends a connection that is not needed any more: it may be gone already, and a broker that hangs is not waited for. */
export const letGo = (client: { disconnect(): Promise<void> }): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, LET_GO_WITHIN_MS);
    client
      .disconnect()
      .catch(() => {}) // nothing is lost with it
      .finally(() => {
        clearTimeout(timer);
        resolve();
      });
  });
