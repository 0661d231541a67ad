import type { ClickHouseClient } from '@clickhouse/client';
import { PerennialError } from '#eventing/errors';
import { unavailableOr } from './warehouse-unavailable.js';

/**
 * The release of ClickHouse that all SQL here is run on: the embedded engine is of it, and so is the server of the
 * compose file. An older server does not know some settings, and says so only when a projection is rebuilt.
 */
export const LEAST_SERVER_VERSION = '26.7';

/** The server's release is older than the SQL that it would be sent. */
export class ServerTooOld extends PerennialError {
  constructor(version: string) {
    super(
      'unavailable',
      'warehouse-too-old',
      `The ClickHouse server has version ${version}, but ${LEAST_SERVER_VERSION} or a later one is needed.`,
    );
  }
}

/** @throws ServerTooOld, or WarehouseUnavailable when it cannot be asked */
export const checkServerVersion = async (client: ClickHouseClient): Promise<void> => {
  const result = await client
    .query({ query: 'SELECT version() AS version', format: 'JSONEachRow' })
    .catch(unavailableOr);
  const [row] = await result.json<{ version: string }>().catch(unavailableOr);
  if (!row || isOlder(row.version, LEAST_SERVER_VERSION)) throw new ServerTooOld(row?.version ?? 'unknown');
};

/** By year and number of the release: 26.10 is younger than 26.7. */
export const isOlder = (version: string, than: string): boolean => {
  const [year, number] = releaseOf(version);
  const [leastYear, leastNumber] = releaseOf(than);
  return year !== leastYear ? year < leastYear : number < leastNumber;
};

const releaseOf = (version: string): [number, number] => {
  const [year, number] = version.split('.').map(Number);
  return [year ?? 0, number ?? 0];
};
