import { WarehouseUnavailable } from '../warehouse-unavailable.js';

/** The number of a ClickHouse exception, from the embedded engine or from a server; undefined for anything else. */
export const engineCode = (error: unknown): number | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { clickhouseCode, code } = error as { clickhouseCode?: unknown; code?: unknown };
  const number = Number(clickhouseCode ?? code);
  return Number.isInteger(number) ? number : undefined;
};

const PASSING = new Set([
  75, // CANNOT_WRITE_TO_FILE_DESCRIPTOR
  159, // TIMEOUT_EXCEEDED
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  285, // TOO_FEW_LIVE_REPLICAS
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  745, // SERVER_OVERLOADED
  999, // KEEPER_EXCEPTION
]);
/** Among these, what a view may bring about by itself, every time. */
const PERHAPS_THE_VIEW = new Set([
  159, // TIMEOUT_EXCEEDED
  241, // MEMORY_LIMIT_EXCEEDED
]);
/** A full disk has many numbers. */
const DISK_FULL = /No space left on device|Disk quota exceeded/i;
const CONNECTION_LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** A failure that may be over when the same is tried again. */
export const isPassing = (error: unknown): boolean => {
  if (error instanceof WarehouseUnavailable) return true;
  if (error instanceof Error && DISK_FULL.test(error.message)) return true;
  const code = engineCode(error);
  if (code !== undefined) return PASSING.has(code);
  // The client reports an answer that does not come by its message alone.
  return (
    error instanceof Error &&
    (CONNECTION_LOST.has(String((error as { code?: unknown }).code)) || error.message === 'Timeout error.')
  );
};

/** Whether waiting may be of no use, because it is a view that asks for too much. */
export const isPerhapsOfTheView = (error: unknown): boolean =>
  failingView(error) !== undefined && PERHAPS_THE_VIEW.has(engineCode(error) ?? 0);

/** The materialized view in which an insert failed, as `database.view`; undefined when it failed elsewhere. */
export const failingView = (error: unknown): string | undefined =>
  error instanceof Error
    ? /while pushing to view `?(\w+)`?\.`?(\w+)`?/.exec(error.message)?.slice(1).join('.')
    : undefined;
