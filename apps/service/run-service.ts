import { Command } from 'commander';
import { type Configuration, loadConfiguration, type Optional } from '#platform/configuration';
import { createLogger, type Logger } from '#platform/logging';
import { version } from '#platform/package-root';
import { closeInTime } from './close-in-time.js';
import { describeFailure } from './failure.js';
import { type Service, untilStopped } from './until-stopped.js';

/** What a program cannot do without, and what it takes on its command line besides --port. */
export interface CommandLine {
  readonly needs?: readonly Optional[];
  /** As it is called in its usage; by default its name. */
  readonly usage?: string;
  /** What is kept in the data directory, for a program that has one: it takes --data then. */
  readonly data?: string;
  /** What it says of --host, for a program whose address is not PERENNIAL_HOST: `start` is given it. */
  readonly host?: string;
}

/** Runs one of the applications as a process of its own, until it is told to stop. */
export const runService = async (
  name: string,
  description: string,
  start: (configuration: Configuration, log: Logger, host: string | undefined) => Promise<Service>,
  { needs, usage = name, data, host }: CommandLine = {},
): Promise<void> => {
  const command = new Command(usage)
    .description(`${description} All settings: docs/configuration.md`)
    .version(version())
    .option('--port <number>', 'port to listen on; 0 takes any free one (default: 3000, or PORT)');
  if (host !== undefined) command.option('--host <address>', host);
  if (data !== undefined) command.option('--data <directory>', data);
  const given = command.parse().opts<{ port?: string; host?: string; data?: string }>();
  try {
    const overrides = { port: given.port, dataDirectory: given.data };
    const configuration = loadConfiguration(process.env, overrides, needs);
    const log = createLogger(configuration.logLevel);
    const service = await start(configuration, log, given.host);
    const documentation = service.documentation ? `; its documentation is at ${service.documentation}` : '';
    process.stdout.write(`${name} answers at ${service.url}${documentation}\n`);
    await untilStopped({
      failed: service.failed,
      close: () => closeInTime(() => service.close({ gently: true }), log),
    });
    // What a client library has left open must not keep the process.
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${describeFailure(error)}\n`);
    process.exit(1);
  }
};
