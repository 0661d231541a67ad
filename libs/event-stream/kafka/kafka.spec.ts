import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { createLogger, type Logger } from '#platform/logging';
import { createKafka } from './kafka.js';

/** The client's own list of what brokers answer: a version with other words fails here. */
const { createErrorFromCode } = createRequire(import.meta.url)('kafkajs/src/protocol/error.js') as {
  createErrorFromCode(code: number): Error;
};
const CONCURRENT_TRANSACTIONS = 51;
const NOT_ENOUGH_REPLICAS = 19;

describe("the Kafka client's log", () => {
  const levelsOf = (message: string): string[] => {
    const lines: string[] = [];
    const log: Logger = createLogger('debug', { write: (line) => void lines.push(line) });
    const kafka = createKafka({ brokers: ['127.0.0.1:1'], clientId: 'test', log });
    kafka.logger().error(message, { retryCount: 0, retryTime: 100 });
    return lines.map((line) => (JSON.parse(line) as { level: string }).level);
  };

  it('does not warn of what happens behind each commit and is asked again', () => {
    const { message } = createErrorFromCode(CONCURRENT_TRANSACTIONS);
    expect(levelsOf(`Failed to send messages: ${message}`)).toEqual(['debug']);
  });

  it('warns of what else the client calls an error', () => {
    const { message } = createErrorFromCode(NOT_ENOUGH_REPLICAS);
    expect(levelsOf(`Failed to send messages: ${message}`)).toEqual(['warn']);
  });
});
