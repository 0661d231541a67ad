import type { Metrics } from '#apps/service/metrics';
import { measureTables } from '#apps/service/tables-health';
import type { EndedQuery, WarehouseServer } from '#warehouse/http/server';

/** What each query tells; made before the server, which it is given to. */
export const endedQueries = (metrics: Metrics): ((query: EndedQuery) => void) => {
  const seconds = metrics.duration(
    'query_duration_seconds',
    'From a query, with what it waits and brings, to the end of its answer',
    ['kind', 'outcome'],
  );
  return ({ kind, outcome, milliseconds }) => seconds.observe({ kind, outcome }, milliseconds / 1000);
};

/** How the warehouse is, read whenever it is asked for. */
export const measureWarehouse = (metrics: Metrics, { status }: Pick<WarehouseServer, 'status'>): void => {
  metrics.gauge('queries_running', 'Queries that run', [], () => status().running);
  metrics.gauge('queries_waiting', 'Queries that wait until others have ended', [], () => status().waiting);
  measureTables(metrics, () => status().brokenParts);
  metrics.total(
    'disk_refusals_total',
    'Inserts refused because the disk is nearly full; writes of the engine that the disk refused',
    ['of'],
    () => {
      const { refusedInserts, refusedWrites } = status();
      return [
        [{ of: 'insert' }, refusedInserts],
        [{ of: 'write' }, refusedWrites],
      ];
    },
  );
};
