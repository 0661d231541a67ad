import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { OWNER_ONLY } from '#platform/data-directory';
import { isRunning } from '#platform/process-identity';
import { freePort } from './free-port.js';
import { type Exit, type LaunchedProcess, launch } from './launched-process.js';
import { closedFolder, postgresAccount, postgresObstacle, postgresPrograms } from './postgres-programs.js';
import { familyOf, signalAll, untilGone } from './process-family.js';
import { StartFailure } from './start-failure.js';
import { untilAnswers } from './until-answers.js';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 5_000;
const USER = 'perennial';
/** Clients are sent away instead of being waited for. */
const FAST = 'SIGINT';

export interface PostgresOptions {
  /** Where it keeps everything; left out: a temporary folder that goes when it is stopped. */
  readonly dir?: string;
  /** Left out: any free one. */
  readonly port?: number;
}

/** A PostgreSQL on 127.0.0.1, in processes of its own, that asks for a password. */
export interface PostgresServer {
  /** With the password of its only user, who may do everything. */
  readonly url: string;
  readonly pid: number;
  /** How the process that runs now will have ended. */
  readonly exited: Promise<Exit>;
  /** Ends it in order. A temporary folder is removed. */
  stop(): Promise<void>;
  /** Sends a signal, SIGSTOP and SIGCONT to all of its processes; waits for the end with SIGKILL and SIGTERM. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on its data and its port, after ending it if it still runs; ready when it answers. */
  restart(): Promise<void>;
}

/** Starts a PostgreSQL; ready when it answers. @throws StartFailure with the end of its log, or with what is missing */
export const startPostgres = async ({ dir, port }: PostgresOptions = {}): Promise<PostgresServer> => {
  const programs = postgresPrograms();
  const account = postgresAccount();
  if (!programs || !account) throw new StartFailure(postgresObstacle()!);
  const home = dir ?? mkdtempSync(join(tmpdir(), 'perennial-postgres-'));
  mkdirSync(home, { recursive: true, mode: OWNER_ONLY });
  const closed = closedFolder(resolve(home), account);
  if (closed)
    throw new StartFailure(
      `PostgreSQL does not run as root, and whom it runs as may not pass ${closed}: choose another directory, or name a server in DATABASE_URL.`,
    );
  if (account.uid !== undefined) chownSync(home, account.uid, account.gid!);
  const data = join(home, 'data');
  const log = join(home, 'postgres.log');
  const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

  const passwordFile = join(home, 'password');
  // Written last: what was begun when somebody killed us is begun again.
  const initialised = join(home, 'initialised');
  if (!existsSync(initialised)) {
    rmSync(data, { recursive: true, force: true });
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (account.uid !== undefined) chownSync(passwordFile, account.uid, account.gid!);
    const settings = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C'];
    await promisify(execFile)(programs.initdb, ['-D', data, '-U', USER, ...settings], {
      ...account,
      cwd: home,
      env: environment,
    });
    writeFileSync(initialised, '');
  }
  const password = readFileSync(passwordFile, 'utf8');

  const address = port || (await freePort());
  const url = `postgres://${USER}:${password}@127.0.0.1:${address}/postgres`;
  const start = async (): Promise<LaunchedProcess> => {
    disownDeadPostmaster(data);
    const started = await launch(programs.postgres, ['-D', data, ...settingsOf(address)], {
      ...account,
      log,
      cwd: home,
      env: environment,
    });
    await untilAnswers('PostgreSQL', started, READY_WITHIN_MS, () => answers(url));
    return started;
  };
  let running = await start();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const family = familyOf(running.pid);
    // One that is stopped would hear nothing.
    signalAll(family, 'SIGCONT');
    await running.end(signal, STOP_WITHIN_MS);
    // Those it leaves behind notice for themselves; nobody may start on the data before the last one has.
    await untilGone(family, STOP_WITHIN_MS);
  };

  return {
    url,
    get pid() {
      return running.pid;
    },
    get exited() {
      return running.exited;
    },
    async stop() {
      await end(FAST);
      if (dir === undefined) rmSync(home, { recursive: true, force: true });
    },
    async kill(signal) {
      if (signal === 'SIGKILL') await end('SIGKILL');
      else if (signal === 'SIGTERM') await end(FAST);
      else signalAll(familyOf(running.pid), signal);
    },
    async restart() {
      await end(FAST);
      running = await start();
    },
  };
};

/**
 * A postmaster whose launcher was killed with it stays in the list of processes where nobody asks how it ended, as
 * in many containers, and its successor takes it for alive. The number of its own parent it takes for stale, and
 * goes on to look whether anybody still uses the shared memory, as it should.
 */
const disownDeadPostmaster = (data: string): void => {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const [pid, ...rest] = readFileSync(file, 'utf8').split('\n');
  if (!isRunning(Number(pid))) writeFileSync(file, [process.pid, ...rest].join('\n'));
};

const settingsOf = (port: number): string[] =>
  Object.entries({
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '32MB',
    // A server that is killed must lose nothing that it has acknowledged.
    fsync: 'on',
    log_min_messages: 'warning',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

const answers = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
};
