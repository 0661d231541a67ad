import {
  AccessDeniedError,
  convertToCommandError,
  ErrorType,
  isCommandError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { PerennialError } from '#eventing/errors';
import {
  AppendTooLarge,
  EventStoreUnavailable,
  type ExpectedRevision,
  StreamDeleted,
  WrongExpectedRevision,
} from '#eventing/event-store';
import { safeNumber } from './recorded-event.js';

/** The server does not take the name and password of the connection string: trying again does not help. */
export class EventStoreAccessDenied extends PerennialError {
  constructor(options: { cause: unknown }) {
    super(
      'refused',
      'event-store-access-denied',
      'EventStoreDB refuses the credentials of the connection string, or they do not suffice.',
    );
    this.cause = options.cause;
  }
}

/** The server shows a certificate that `tlsCAFile` does not vouch for: trying again does not help. */
export class EventStoreNotTrusted extends PerennialError {
  constructor(reason: string, options: { cause: unknown }) {
    super(
      'refused',
      'event-store-not-trusted',
      `The certificate of EventStoreDB is not trusted; look at tlsCAFile in the connection string: ${reason}`,
    );
    this.cause = options.cause;
  }
}

/** What sending again cannot mend. */
const DEFINITE: ReadonlySet<ErrorType> = new Set([
  ErrorType.INVALID_ARGUMENT,
  ErrorType.INVALID_TRANSACTION,
  ErrorType.UNSUPPORTED,
]);

/** The engine's words when TLS does not come about because of a certificate. */
const CERTIFICATE = /certificate|altnames/i;
/** A request that could not be made, or an answer that could not be read: it would otherwise be tried for ever. */
const NOT_UNDERSTOOD = /serialization failure|Response message parsing error/;
/** Thrown by the client as an error without a type. */
const NO_MEMBER_FOUND = /^Failed to discover/;

/** The port's name for what the client threw; whatever leaves the outcome open is EventStoreUnavailable. */
export const storeError = (thrown: unknown, stream = '$all', expected: ExpectedRevision = 'any'): unknown => {
  const error = thrown instanceof Error ? convertToCommandError(thrown) : thrown;
  if (error instanceof Error && NO_MEMBER_FOUND.test(error.message)) return unavailable(error);
  if (!(error instanceof Error) || !isCommandError(error) || error instanceof StreamNotFoundError)
    return thrown;
  if (error instanceof StreamDeletedError) return new StreamDeleted(stream);
  if (error instanceof WrongExpectedVersionError) {
    const actual = error.actualVersion;
    return new WrongExpectedRevision(stream, expected, actual === 'no_stream' ? -1 : safeNumber(actual));
  }
  if (error instanceof MaxAppendSizeExceededError)
    return new AppendTooLarge(`EventStoreDB takes at most ${error.maxAppendSize} bytes in one append.`);
  if (error instanceof AccessDeniedError) return new EventStoreAccessDenied({ cause: error });
  if (DEFINITE.has(error.type) || NOT_UNDERSTOOD.test(error.message)) return error;
  if (error.type === ErrorType.UNAVAILABLE && CERTIFICATE.test(error.message))
    return new EventStoreNotTrusted(error.message, { cause: error });
  return unavailable(error);
};

const unavailable = (error: Error & { type?: string }): EventStoreUnavailable =>
  new EventStoreUnavailable(`EventStoreDB: ${error.message || error.type}`, { cause: error });
