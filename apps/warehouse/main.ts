import { runService } from '#apps/service/run-service';
import { startWarehouse } from './warehouse.js';

await runService(
  'warehouse',
  "The warehouse as a process: a chDB directory behind ClickHouse's HTTP interface, for those who have no ClickHouse server. Who may use it: CLICKHOUSE_USER, CLICKHOUSE_PASSWORD.",
  (configuration, log, host = '127.0.0.1') => startWarehouse(configuration, log, host),
  {
    host: 'address to listen on (default: 127.0.0.1); others than loopback need a password',
    data: 'its files are kept in the directory `warehouse` in there (default: ./data)',
  },
);
