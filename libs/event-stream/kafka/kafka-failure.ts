import { PerennialError } from '#eventing/errors';

/** The codes of Kafka for 'somebody else has this transactional id now, or your transaction took too long'. */
const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
const PRODUCER_FENCED = 90; // newer than the client's list

interface KafkaJsError {
  readonly name: string;
  readonly type?: string;
  readonly code?: number;
  readonly cause?: unknown;
  readonly originalError?: unknown;
}

/** Kafka does not answer somebody who waits for it. */
export class KafkaUnavailable extends PerennialError {
  constructor(cause: Error) {
    super('unavailable', 'kafka-unavailable', `Kafka cannot be reached: ${cause.message}`);
    this.cause = cause;
  }
}

/** Whether something comes from the Kafka client: brokers away, requests refused or timed out. */
export const isKafkaFailure = (error: unknown): error is Error =>
  error instanceof KafkaUnavailable ||
  (error instanceof Error && error.name.startsWith('KafkaJS') && !causes(error).some(isProgrammingError));

/** Whether the writer is stale: another one with its transactional id has begun since, or brokers gave it up. */
export const isFenced = (error: unknown): boolean =>
  causes(error).some(({ type, code }) => FENCED.has(type ?? '') || code === PRODUCER_FENCED);

/** The client wraps what it has given up repeating, and then also wraps errors in code. */
const causes = (error: unknown): KafkaJsError[] => {
  const all: KafkaJsError[] = [];
  for (let each = error; each instanceof Error && !all.includes(each); ) {
    all.push(each);
    const { cause, originalError } = each as KafkaJsError;
    each = cause ?? originalError;
  }
  return all;
};

const isProgrammingError = ({ name }: KafkaJsError): boolean =>
  name === 'TypeError' || name === 'RangeError' || name === 'ReferenceError';
