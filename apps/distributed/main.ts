import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { table } from '#apps/cli/terminal';
import { describeFailure } from '#apps/service/failure';
import { wholeNumber } from '#apps/service/whole-number';
import { APPLICATIONS, type Application, type Distributed, startDistributed } from './distributed.js';
import { playCompany } from './play-company.js';

// `npm run distributed`: the distributed set as processes of this machine, without containers.

const port = wholeNumber(0, 65_535);

interface Options {
  readonly data: string;
  readonly port: number;
  readonly analyticsPort: number;
  readonly relayPort: number;
  readonly projectorPort: number;
  readonly simulate?: true;
  readonly customers: number;
  readonly seed: number;
}

const options = new Command('npm run distributed --')
  .description(
    `Runs Perennial's distributed set on this machine, on loopback only. Servers that the environment does not name
(KAFKA_BROKERS, DATABASE_URL, CLICKHOUSE_URL, EVENTSTORE_URL) are started here. docs/how-to/run-distributed.md`,
  )
  .option('--data <directory>', 'where everything is kept, logs and secrets too', './data/distributed')
  .option('--port <n>', 'port of command-api; 0 takes any free one', port, APPLICATIONS['command-api'])
  .option('--analytics-port <n>', 'port of analytics', port, APPLICATIONS.analytics)
  .option('--relay-port <n>', 'port of relay (health and metrics)', port, APPLICATIONS.relay)
  .option('--projector-port <n>', 'port of projector (health and metrics)', port, APPLICATIONS.projector)
  .option('--simulate', 'play two years of a made-up company into it')
  .option('--customers <n>', 'how many customers the company has', wholeNumber(100, 20_000), 1_000)
  .option('--seed <n>', 'another company', wholeNumber(0, 2 ** 32 - 1), 7)
  .parse()
  .opts<Options>();

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const ports: Readonly<Record<Application, number>> = {
  'command-api': options.port,
  analytics: options.analyticsPort,
  relay: options.relayPort,
  projector: options.projectorPort,
};

const stopSignal = new Promise<void>((done) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
});

const show = ({ running }: Distributed): void =>
  say(
    table(
      ['what', 'where', 'pid', 'log'],
      running.map(({ name, where, pid, log }) => [name, where, pid, log]),
    ),
  );

const run = async (): Promise<void> => {
  const directory = resolve(options.data);
  const starting = startDistributed({ directory, ports, env: process.env, say });
  const set = await Promise.race([starting, stopSignal]);
  // What has been started half way survives a kill, and nothing outlives this process.
  if (!set) return;
  try {
    show(set);
    say('Ctrl-C stops all of it.');
    if (options.simulate) await Promise.race([stopSignal, simulateInto(set, directory)]);
    await stopSignal;
  } finally {
    say('Stopping ...');
    await set.stop();
  }
};

const simulateInto = async ({ urls }: Distributed, directory: string): Promise<void> => {
  const { customers, seed } = options;
  say(`Playing a company of ${customers} customers ...`);
  const commands = await playCompany(urls['command-api'], join(directory, 'simulation'), { customers, seed });
  say(`Played ${commands} commands. Reports: npm run perennial -- report --help, --url ${urls.analytics}`);
};

try {
  await run();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
}
