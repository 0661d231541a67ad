import { Command } from 'commander';
import { describeFailure } from '#apps/service/failure';
import { untilStopped } from '#apps/service/until-stopped';
import { loadConfiguration } from '#platform/configuration';
import { version } from '#platform/package-root';
import { startServer } from './server.js';

const options = new Command('npm start --')
  .description(
    'Perennial: commands, analytics and reports in one process. All settings: docs/configuration.md',
  )
  .version(version())
  .option('--port <number>', 'port to listen on (default: 3000, or PORT)')
  .option('--data <directory>', 'where everything is kept (default: ./data)')
  .parse()
  .opts<{ port?: string; data?: string }>();

try {
  const configuration = loadConfiguration(process.env, { port: options.port, dataDirectory: options.data });
  const server = await startServer(configuration);
  process.stdout.write(`Perennial answers at ${server.url}; its documentation is at ${server.url}/docs\n`);
  await untilStopped(server);
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
