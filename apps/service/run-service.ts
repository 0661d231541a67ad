import { Command } from 'commander';
import { type Configuration, loadConfiguration } from '#platform/configuration';
import { createLogger, type Logger } from '#platform/logging';
import { version } from '#platform/package-root';
import { describeFailure } from './failure.js';
import { type Service, untilStopped } from './until-stopped.js';

/** Whoever stops a process waits about that long before killing it. */
const CLOSE_WITHIN_MS = 9_000;

/** Runs one of the applications as a process of its own, until it is told to stop. */
export const runService = async (
  name: string,
  description: string,
  start: (configuration: Configuration, log: Logger) => Promise<Service>,
): Promise<void> => {
  const { port } = new Command(name)
    .description(`${description} All settings: docs/configuration.md`)
    .version(version())
    .option('--port <number>', 'port to listen on; 0 takes any free one (default: 3000, or PORT)')
    .parse()
    .opts<{ port?: string }>();
  try {
    const configuration = loadConfiguration(process.env, { port });
    const log = createLogger(configuration.logLevel);
    const service = await start(configuration, log);
    process.stdout.write(`${name} answers at ${service.url}\n`);
    await untilStopped({ failed: service.failed, close: () => closeInTime(service, log) });
    // What a client library has left open must not keep the process.
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${describeFailure(error)}\n`);
    process.exit(1);
  }
};

const closeInTime = async (service: Service, log: Logger): Promise<void> => {
  const timer = setTimeout(() => {
    log.error({ seconds: CLOSE_WITHIN_MS / 1000 }, 'Did not close in time: ending all the same');
    process.exit(1);
  }, CLOSE_WITHIN_MS);
  await service.close();
  clearTimeout(timer);
};
