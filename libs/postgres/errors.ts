import pg from 'pg';
import { PerennialError } from '#eventing/errors';

/** PostgreSQL cannot be reached or cannot do it now. Whether a statement took effect may be unknown. */
export class DatabaseUnavailable extends PerennialError {
  constructor(
    message: string,
    /** Rather than an answer of the server. */
    readonly connectionLost: boolean,
    readonly sqlState?: string,
  ) {
    super('unavailable', 'database-unavailable', message);
  }
}

/** A lock was not to be had in time. */
export const LOCK_NOT_AVAILABLE = '55P03';

/** Refusals of a server that is out of resources, going down, in recovery, or not ours to enter. */
const PASSING = /^(08|28|3D|40|53|57|58|25006|55P03)/;

/** What is nobody's fault becomes DatabaseUnavailable, without a word of the URL; anything else stays as it is. */
export const translated = (error: unknown): unknown => {
  if (error instanceof PerennialError || error instanceof TypeError || error instanceof RangeError)
    return error;
  if (error instanceof pg.DatabaseError) {
    const { code = '' } = error;
    if (!PASSING.test(code)) return error;
    // 57P01 to 57P05: the server has ended the session.
    const connectionLost = /^(08|57P)/.test(code);
    return new DatabaseUnavailable(`PostgreSQL refuses: ${error.message} (${code}).`, connectionLost, code);
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  // A system error's message holds the address; its code says enough.
  const reason = typeof code === 'string' ? code : String(message);
  return new DatabaseUnavailable(`PostgreSQL cannot be reached (${reason}).`, true);
};
