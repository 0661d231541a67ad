import {
  convertToCommandError,
  ErrorType,
  isCommandError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import {
  AppendTooLarge,
  EventStoreUnavailable,
  type ExpectedRevision,
  StreamDeleted,
  WrongExpectedRevision,
} from '#eventing/event-store';
import { safeNumber } from './recorded-event.js';

/** What sending again cannot mend. */
const DEFINITE: ReadonlySet<ErrorType> = new Set([
  ErrorType.ACCESS_DENIED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.INVALID_TRANSACTION,
  ErrorType.UNSUPPORTED,
]);

/** The port's name for what the client threw; whatever leaves the outcome open is EventStoreUnavailable. */
export const storeError = (thrown: unknown, stream = '$all', expected: ExpectedRevision = 'any'): unknown => {
  const error = thrown instanceof Error ? convertToCommandError(thrown) : thrown;
  if (!(error instanceof Error) || !isCommandError(error)) return thrown;
  if (error instanceof StreamDeletedError) return new StreamDeleted(stream);
  if (error instanceof WrongExpectedVersionError) {
    const actual = error.actualVersion;
    return new WrongExpectedRevision(stream, expected, actual === 'no_stream' ? -1 : safeNumber(actual));
  }
  if (error instanceof MaxAppendSizeExceededError)
    return new AppendTooLarge(`EventStoreDB takes at most ${error.maxAppendSize} bytes in one append.`);
  if (DEFINITE.has(error.type)) return error;
  return new EventStoreUnavailable(`EventStoreDB: ${error.message || error.type}`, { cause: error });
};
