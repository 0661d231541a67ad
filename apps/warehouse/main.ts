import { Command } from 'commander';
import { describeFailure } from '#apps/service/failure';
import { untilStopped } from '#apps/service/until-stopped';
import { loadConfiguration } from '#platform/configuration';
import { version } from '#platform/package-root';
import { startWarehouse } from './warehouse.js';

const options = new Command('warehouse')
  .description(
    "The warehouse as a process: a chDB directory behind ClickHouse's HTTP interface, for those who have no ClickHouse server. Who may use it: CLICKHOUSE_USER, CLICKHOUSE_PASSWORD.",
  )
  .version(version())
  .option('--port <number>', 'port to listen on (default: PORT)')
  .option(
    '--host <address>',
    'address to listen on (default: 127.0.0.1); others than loopback need a password',
  )
  .option('--data <directory>', 'its files are kept in the directory `warehouse` in there (default: ./data)')
  .parse()
  .opts<{ port?: string; host?: string; data?: string }>();

try {
  const { port, data: dataDirectory } = options;
  const configuration = loadConfiguration(process.env, { port, dataDirectory });
  const warehouse = await startWarehouse(configuration, options.host ?? '127.0.0.1');
  process.stdout.write(`warehouse answers at ${warehouse.url}\n`);
  await untilStopped(warehouse);
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
