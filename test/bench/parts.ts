import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventStoreDouble } from '#apps/distributed/programs';
import { runToTheEnd } from '#apps/distributed/run-to-the-end';
import { freePort } from '#apps/distributed/servers/free-port';
import { startNodeService } from '#apps/distributed/servers/node-service';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { packageRoot } from '#platform/package-root';

// Parts of the distributed set for benchmarks: built programs, each in a process of its own.

export type Environment = Readonly<Record<string, string | undefined>>;

export interface PartProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const STOP_MS = 10_000;

const built = (name: string, main = 'main'): string =>
  join(packageRoot(), 'dist', 'apps', name, `${main}.js`);

const environment = (env: Environment): Environment => ({
  ...process.env,
  PERENNIAL_LOG_LEVEL: 'warn',
  UV_THREADPOOL_SIZE: '16',
  ...env,
});

/** Node's own options for a part that is to be looked into: `BENCH_NODE_RELAY="--cpu-prof --cpu-prof-dir=/tmp"`. */
const looking = (name: string): string[] =>
  (process.env[`BENCH_NODE_${name.toUpperCase().replaceAll('-', '_')}`] ?? '').split(' ').filter(Boolean);

/** One of the applications, or the warehouse; ready when it is alive. */
export const startPart = async (name: string, dir: string, env: Environment): Promise<PartProcess> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const alive = name === 'warehouse' ? '/ping' : '/health/live';
  const { pid, stop } = await startNodeService({
    name,
    args: [...looking(name), built(name), '--port', String(port)],
    env: environment(env),
    log: join(dir, `${name}.log`),
    ask: async () => {
      const response = await fetch(`${url}${alive}`);
      await response.text();
      if (!response.ok) throw new Error(`${name} answers ${response.status}`);
    },
    stopWithinMs: STOP_MS,
  });
  return { url, pid, stop };
};

export const migrateParts = (dir: string, env: Environment): Promise<void> =>
  runToTheEnd('migrate', [built('projector', 'migrate')], {
    env: environment(env),
    log: join(dir, 'migrate.log'),
  });

/** The double of EventStoreDB on a file of events. */
export const startDouble = async (dir: string, file: string): Promise<PartProcess> => {
  const port = await freePort();
  const url = `esdb://127.0.0.1:${port}?tls=false`;
  const { pid, stop } = await startNodeService({
    name: 'event store',
    args: [...looking('event-store'), ...eventStoreDouble(file, port)],
    env: environment({}),
    log: join(dir, 'event-store.log'),
    ask: async () => {
      const store = new EventStoreDb(url);
      await store.head().finally(() => store.close());
    },
    stopWithinMs: STOP_MS,
  });
  return { url, pid, stop };
};

/** The sum of a metric over its labels; 0 while there is none. */
export const metricOf = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
};

const TICKS_PER_SECOND = 100;
const USER_TIME = 11;

/** Seconds of CPU that a process has used: unlike its rate they say the same on a busy machine. */
export const cpuSeconds = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TIME]) + Number(fields[USER_TIME + 1])) / TICKS_PER_SECOND;
};

/** Resident memory in MB: now, and the most there was. */
export const memoryOf = (pid: number): { readonly now: number; readonly most: number } => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { now: mb('VmRSS'), most: mb('VmHWM') };
};

export interface CatchUp {
  readonly rate: number;
  readonly events: number;
  /** Per event, of each process that was watched. */
  readonly cpuMicroseconds: Readonly<Record<string, number>>;
}

/** Often enough for a figure, seldom enough not to show in it. */
const LOOK_EVERY_MS = 250;
const DEADLINE_MS = 300_000;

/** From the first progress that is seen to the last event: what a start costs is left out. */
export const catchUp = async (
  done: () => Promise<number> | number,
  goal: number,
  watched: Readonly<Record<string, number>>,
): Promise<CatchUp> => {
  const cpu = () => Object.entries(watched).map(([name, pid]) => [name, cpuSeconds(pid)] as const);
  const deadline = performance.now() + DEADLINE_MS;
  const look = async (): Promise<number> => {
    if (performance.now() > deadline) throw new Error(`${await done()} of ${goal} when the time was up`);
    await delay(LOOK_EVERY_MS);
    return done();
  };
  let first = await done();
  while (first === 0) first = await look();
  const [began, before] = [performance.now(), new Map(cpu())];
  while ((await done()) < goal) await look();
  const events = goal - first;
  return {
    rate: (events / (performance.now() - began)) * 1000,
    events,
    cpuMicroseconds: Object.fromEntries(
      cpu().map(([name, seconds]) => [name, ((seconds - before.get(name)!) / events) * 1e6]),
    ),
  };
};

export const cpuText = (cpu: Readonly<Record<string, number>>): string =>
  Object.entries(cpu)
    .map(([name, microseconds]) => `${name} ${microseconds.toFixed(0)}`)
    .join(', ');

/** Rates are of little use without it. */
export const load = (): string =>
  `load ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')}`;
