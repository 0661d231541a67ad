import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { Progress } from '#apps/cli/terminal';
import { describeFailure } from '#apps/service/failure';
import { untilStopped } from '#apps/service/until-stopped';
import { wholeNumber } from '#apps/service/whole-number';
import { Calendar } from '#apps/simulator/calendar';
import { play, type Request, UnexpectedAnswers } from '#apps/simulator/player';
import { type Simulation, simulate } from '#apps/simulator/simulation';
import { addDays, today } from '#eventing/business-time';
import { loadConfiguration } from '#platform/configuration';
import { exampleReports } from './demo/demo-reports.js';
import { DemoRefused, type DemoState, readDemoState, writeDemoState } from './demo/demo-state.js';
import { startServer } from './server.js';

// `npm run demo`: plays a company that does not exist through the HTTP API, and shows what can be learned of it.

const CUSTOMERS = { least: 100, most: 20_000, default: 4_000 };
const SEED = 7;
const LANDING_TIMEOUT_MS = 60_000;

interface Options {
  readonly data: string;
  readonly port?: string;
  readonly customers?: number;
  readonly seed?: number;
  readonly exit?: true;
}

const options = new Command('demo')
  .description(
    'Plays two years of a made-up company into a directory of its own and shows what can be learned.',
  )
  .option(
    '--data <directory>',
    'where the demonstration is kept; a second start goes on there',
    './demo-data',
  )
  .option('--port <n>', 'port of the server; 0 takes any free one (default: PORT, or 3000)')
  .option(
    '--customers <n>',
    `how many customers, ${CUSTOMERS.least} to ${CUSTOMERS.most} (default: ${CUSTOMERS.default})`,
    wholeNumber(CUSTOMERS.least, CUSTOMERS.most),
  )
  .option('--seed <n>', `another company (default: ${SEED})`, wholeNumber(0, 2 ** 32 - 1))
  .option('--exit', 'end after the reports instead of serving on')
  .parse()
  .opts<Options>();

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const run = async (): Promise<void> => {
  const directory = resolve(options.data);
  const known = readDemoState(directory, options);
  const simulation = company(known);
  let state = known ?? simulation.state;
  if (known && known.commands !== simulation.state.commands)
    throw new DemoRefused(
      `${directory} was begun by another version of this program: remove it, or choose another with --data.`,
    );
  const keep = (change: Partial<DemoState>): void => {
    state = { ...state, ...change };
    writeDemoState(directory, state);
  };
  // Before the stores are made: without it the directory would be taken for something else.
  if (!known) keep({});
  const server = await startServer(configuration(directory));
  const stopped = untilStopped(server).then(() => 'stopped' as const);
  const shown = show(server.url, simulation, state, keep).then(
    () => 'shown' as const,
    async (error: unknown) => {
      // Whoever stops the server makes what is asked of it fail.
      if (stopping) return stopped;
      await server.close();
      throw error;
    },
  );
  if ((await Promise.race([shown, stopped])) === 'stopped') say('\nStopped; start again to go on.');
  else if (options.exit) await server.close();
  else await stopped;
};

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopping = true;
  });

const show = async (
  url: string,
  simulation: Simulation,
  state: DemoState,
  keep: (change: Partial<DemoState>) => void,
): Promise<void> => {
  const request: Request = (path, init) => fetch(`${url}${path}`, init);
  await playOn(request, simulation, state, keep);
  await showReports(request, simulation, state, keep);
  sayWhereToLook(url);
};

/** The company that is in the directory, or a new one whose last day is yesterday. */
const company = (known: DemoState | undefined): Simulation & { readonly state: DemoState } => {
  const { seed, customers } = known ?? {
    seed: options.seed ?? SEED,
    customers: options.customers ?? CUSTOMERS.default,
  };
  const calendar = known
    ? new Calendar(known.from, known.to)
    : Calendar.endingOn(addDays(today('UTC', Date.now()), -1));
  const simulation = simulate({ seed, customers, calendar });
  const { from, to } = calendar;
  const commands = simulation.commands.length;
  return { ...simulation, state: { seed, customers, from, to, commands, played: 0, modelled: false } };
};

/** Nothing of the environment but the port and the log: the demonstration is the same everywhere. */
const configuration = (dataDirectory: string) =>
  loadConfiguration(
    { PORT: process.env.PORT, PERENNIAL_LOG_LEVEL: process.env.PERENNIAL_LOG_LEVEL ?? 'error' },
    { dataDirectory, ...(options.port !== undefined && { port: options.port }) },
  );

const playOn = async (
  request: Request,
  { commands }: Simulation,
  { played, from, to, customers }: DemoState,
  keep: (change: Partial<DemoState>) => void,
): Promise<void> => {
  if (played === commands.length) {
    say(`The company is here already: ${count(customers)} customers from ${from} to ${to}.`);
    return;
  }
  say(
    played === 0
      ? `Playing ${count(customers)} customers from ${from} to ${to}: ${count(commands.length)} commands.`
      : `Going on after ${count(played)} of ${count(commands.length)} commands.`,
  );
  const started = Date.now();
  const progress = new Progress('commands');
  let tenths = Math.floor((10 * played) / commands.length);
  await play(request, commands, {
    played,
    acknowledged: (done) => {
      keep({ played: done });
      progress.update(done, commands.length);
      if (process.stderr.isTTY || Math.floor((10 * done) / commands.length) === tenths) return;
      tenths = Math.floor((10 * done) / commands.length);
      process.stderr.write(`${count(done)} of ${count(commands.length)} commands\n`);
    },
  });
  progress.end();
  const seconds = (Date.now() - started) / 1000;
  const rate = Math.round((commands.length - played) / seconds);
  say(`Played in ${seconds.toFixed(1)} s, ${count(rate)} commands a second, each acknowledged when durable.`);
};

const showReports = async (
  request: Request,
  { effects }: Simulation,
  { to, modelled }: DemoState,
  keep: (change: Partial<DemoState>) => void,
): Promise<void> => {
  await allLanded(request);
  if (!modelled) {
    for (const purpose of ['clv', 'churn'] as const) await runModel(request, purpose, to);
    keep({ modelled: true });
  }
  say(`\n${await exampleReports(request, { to, effects })}`);
  const { position, lagEvents } = await freshness(request);
  say(
    `The warehouse shows all events up to position ${count(position)}; ${count(lagEvents)} are on their way.`,
  );
};

const runModel = async (request: Request, purpose: 'clv' | 'churn', asOf: string): Promise<void> => {
  const started = Date.now();
  const response = await request('/v1/model-runs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ purpose, asOf, timeUnit: 'week' }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`The model of ${purpose} was answered with ${response.status}: ${text}`);
  const { model, customers, published, reasonUnpublished } = JSON.parse(text) as {
    model: string;
    customers: number;
    published: boolean;
    reasonUnpublished?: string;
  };
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const verdict = published ? 'published' : `not published: ${reasonUnpublished}`;
  say(
    `Model ${purpose} (${model}) of ${count(customers)} customers as of ${asOf} in ${seconds} s: ${verdict}.`,
  );
};

const allLanded = async (request: Request): Promise<void> => {
  const deadline = Date.now() + LANDING_TIMEOUT_MS;
  for (;;) {
    const { lagEvents } = await freshness(request);
    if (lagEvents === 0) return;
    if (Date.now() > deadline) throw new Error(`${count(lagEvents)} events have not reached the warehouse.`);
    await delay(50);
  }
};

const freshness = async (request: Request): Promise<{ position: number; lagEvents: number }> => {
  const response = await request('/v1/admin/projections');
  if (!response.ok) throw new Error(`The state of the warehouse was answered with ${response.status}.`);
  const answer = (await response.json()) as { freshness: { position: number; lagEvents: number } };
  return answer.freshness;
};

const sayWhereToLook = (url: string): void => {
  const cli = 'npm run -s perennial --';
  say(`
Look here${options.exit ? ' (start again without --exit to have it served)' : '; served until Ctrl-C'}:
  the API's documentation   ${url}/docs
  a customer                curl ${url}/v1/customers/C-00042
  what he or she did        curl ${url}/v1/customers/C-00042/timeline
  all reports               ${cli} report customers --url ${url}
                            ${cli} report campaign win-back-calls --url ${url}
  ask whatever you like     ${cli} sql --url ${url} \\
                              "SELECT channel, count(), sum(total) FROM crm.purchases GROUP BY channel"
  add to it                 curl ${url}/v1/purchases -H 'content-type: application/json' \\
                              -d '{"customerId":"C-00042","occurredAt":"${today('UTC', Date.now())}","total":{"amount":"49.90","currency":"EUR"}}'`);
};

const count = (value: number): string => value.toLocaleString('en-US');

const fail = (error: unknown): void => {
  const expected = error instanceof DemoRefused || error instanceof UnexpectedAnswers;
  process.stderr.write(`${expected ? error.message : describeFailure(error)}\n`);
  process.exit(1);
};

run().then(() => process.exit(0), fail);
