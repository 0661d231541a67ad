import { types } from 'node:util';
import { PerennialError } from '#eventing/errors';

/**
 * The warehouse does not answer, or says that it cannot now: the connection was refused or lost, the time was up, it
 * is starting, shutting down or overloaded. Whether a statement under way took effect is not known: an insert may be
 * sent again under its deduplication token only.
 */
export class WarehouseUnavailable extends PerennialError {
  constructor(cause: Error) {
    super('unavailable', 'warehouse-unavailable', `The warehouse cannot be reached: ${cause.message}`);
    this.cause = cause;
  }
}

const CONNECTION_LOST = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_SOCKET_CLOSED',
]);
/** What the client says by its words alone. */
const SAID = /^(Timeout error\.|socket hang up|aborted|read ECONNRESET)$/;
/** What proxies and load balancers say for a server that is away. */
const STANDING_IN = /\b(502 Bad Gateway|503 Service (Temporarily )?Unavailable|504 Gateway Time-?out)\b/i;
const OVERLOADED = new Set([
  '202', // TOO_MANY_SIMULTANEOUS_QUERIES
  '209', // SOCKET_TIMEOUT
  '210', // NETWORK_ERROR
  '745', // SERVER_OVERLOADED
]);

/** Throws WarehouseUnavailable for a failure of the way to the server or of the server as a whole, else as it is. */
export const unavailableOr = (error: unknown): never => {
  if (!types.isNativeError(error) || error instanceof PerennialError) throw error;
  const code = String((error as { code?: unknown }).code);
  const away =
    CONNECTION_LOST.has(code) ||
    OVERLOADED.has(code) ||
    SAID.test(error.message) ||
    STANDING_IN.test(error.message);
  throw away ? new WarehouseUnavailable(error) : error;
};
