import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { table } from '#apps/cli/terminal';
import { describeFailure } from '#apps/service/failure';
import { wholeNumber } from '#apps/service/whole-number';
import { DemoRefused } from '#apps/standalone/demo/demo-state';
import { type Distributed, startDistributed } from './distributed.js';
import { playCompany } from './play-company.js';
import { APPLICATIONS, type Ports, portOption } from './ports.js';

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
  .option(
    `${portOption('command-api')} <n>`,
    'port of command-api; 0 takes any free one',
    port,
    APPLICATIONS['command-api'],
  )
  .option(`${portOption('analytics')} <n>`, 'port of analytics', port, APPLICATIONS.analytics)
  .option(`${portOption('relay')} <n>`, 'port of relay (health and metrics)', port, APPLICATIONS.relay)
  .option(
    `${portOption('projector')} <n>`,
    'port of projector (health and metrics)',
    port,
    APPLICATIONS.projector,
  )
  .option('--simulate', 'play two years of a made-up company into it')
  .option('--customers <n>', 'how many customers the company has', wholeNumber(100, 20_000), 1_000)
  .option('--seed <n>', 'another company', wholeNumber(0, 2 ** 32 - 1), 7)
  .parse()
  .opts<Options>();

const say = (text: string): void => {
  // Not behind how far the play is, which stands there without an end of its line.
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${text}\n`);
};

const ports: Ports = {
  'command-api': options.port,
  analytics: options.analyticsPort,
  relay: options.relayPort,
  projector: options.projectorPort,
};

let stopping = false;
const stopSignal = new Promise<void>((done) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      stopping = true;
      done();
    });
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
    if (options.simulate) void playInto(set, directory);
    await stopSignal;
  } finally {
    say('Stopping ...');
    await set.stop();
  }
};

/** Whatever becomes of the play, the set goes on. */
const playInto = async ({ urls }: Distributed, directory: string): Promise<void> => {
  const { customers, seed } = options;
  const whileRunning = (text: string): void => {
    if (!stopping) say(text);
  };
  say(`Playing a company of ${customers} customers ...`);
  try {
    const played = await playCompany(
      urls['command-api'],
      join(directory, 'simulation'),
      { customers, seed },
      (reason) => whileRunning(`The play waits and goes on by itself: ${reason}`),
    );
    const done = played > 0 ? `Played ${played} commands.` : 'The company is here already.';
    whileRunning(`${done}\n${whereToLook(urls)}`);
  } catch (error) {
    const reason =
      error instanceof DemoRefused
        ? error.message
        : `${describeFailure(error)}\nStarted again with --simulate, it goes on where it was.`;
    whileRunning(`The play has ended before its time, all else runs on: ${reason}`);
  }
};

const whereToLook = (urls: Distributed['urls']): string => {
  const cli = 'npm run -s perennial --';
  const analytics = urls.analytics;
  return `Look here:
  a customer           curl -s ${urls['command-api']}/v1/customers/C-00042
  a report             ${cli} report campaign come-back-to-the-trail --url ${analytics}
  whatever you like    ${cli} sql --url ${analytics} \\
                         "SELECT channel, count(), sum(total) FROM crm.purchases GROUP BY channel"
  is nothing missing   ${cli} verify --url ${analytics}`;
};

try {
  await run();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
}
