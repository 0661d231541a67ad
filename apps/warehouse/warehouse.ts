import { join } from 'node:path';
import { METRICS_TYPE, Metrics } from '#apps/service/metrics';
import type { Service } from '#apps/service/until-stopped';
import { type Configuration, ConfigurationError, isLoopback } from '#platform/configuration';
import { lockDataDirectory, OWNER_ONLY } from '#platform/data-directory';
import type { Logger } from '#platform/logging';
import { startWarehouseServer } from '#warehouse/http/server';
import { endedQueries, measureWarehouse } from './warehouse-metrics.js';

const MIB = 1024 * 1024;
/** Of the threads in the process's pool these are left for compression and for killing queries. */
const THREADS_FOR_OTHERS = 2;

/** Locks the data directory and serves the warehouse in it. @throws DataDirectoryInUse, ConfigurationError */
export const startWarehouse = async (
  { port, dataDirectory, clickhouseUser, clickhousePassword }: Configuration,
  log: Logger,
  host: string,
): Promise<Service> => {
  const password = clickhousePassword?.reveal();
  if (password === undefined && !isLoopback(host))
    throw new ConfigurationError([`CLICKHOUSE_PASSWORD is needed to listen on ${host}.`]);
  const metrics = new Metrics('warehouse');
  const lock = lockDataDirectory(dataDirectory, { mode: OWNER_ONLY });
  try {
    const server = await startWarehouseServer({
      directory: join(dataDirectory, 'warehouse'),
      host,
      port,
      username: clickhouseUser,
      password,
      concurrency: Math.max(1, threads() - THREADS_FOR_OTHERS),
      longestQueue: 1000,
      maxMemoryBytes: 4096 * MIB,
      maxBodyBytes: 4096 * MIB,
      log,
      onQuery: endedQueries(metrics),
      metrics: { type: METRICS_TYPE, text: () => metrics.text() },
    });
    measureWarehouse(metrics, server);
    lock.announce(server.url);
    log.info({ url: server.url, threads: threads() }, 'the warehouse is open');
    return {
      url: server.url,
      failed: server.failed,
      close: async () => {
        await server.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
};

/** Those of libuv, one for each query that runs. */
const threads = (): number => Number(process.env.UV_THREADPOOL_SIZE) || 4;
