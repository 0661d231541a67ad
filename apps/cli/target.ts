import type { Command } from 'commander';
import type { Server } from '#apps/standalone/server';
import { CliError } from './cli-error.js';
import { demandData, demandNotEmpty } from './existing-data.js';

/** Where a command goes: a running server, or one started in this process on a data directory. Both over HTTP. */
export interface Target {
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The body of a good answer as JSON; a problem becomes a CliError. */
  json<Body>(path: string, init?: RequestInit): Promise<Body>;
  close(): Promise<void>;
}

export interface TargetOptions {
  readonly url?: string;
  readonly data?: string;
  /** Where the server on the data directory writes backups. */
  readonly backups?: string;
  /** A data directory that is not there is made; any other command refuses it. */
  readonly begins?: true;
}

export const withTargetOptions = (command: Command): Command =>
  command
    .option('--url <url>', 'a running server (its key, if it wants one, in PERENNIAL_API_KEY)')
    .option('--data <directory>', 'a data directory that no server uses (default: ./data)');

/** Opens the target, does the work and closes it again, whatever happens. */
export const onTarget = async <Result>(
  options: TargetOptions,
  work: (target: Target) => Promise<Result>,
): Promise<Result> => {
  const target = await open(options);
  try {
    return await work(target);
  } finally {
    await target.close();
  }
};

/** After this time a command goes on with a warehouse that is behind: its freshness says so. */
const LANDING_MS = 60_000;

const open = async ({ url, data, backups, begins }: TargetOptions): Promise<Target> => {
  demandNotEmpty({ '--url': url, '--data': data });
  if (url && data) throw new CliError('Give either --url or --data, not both.');
  if (url) return target(url, async () => {});
  // Loaded only here: the stores take a moment, and a command on a running server does not need them.
  const { startServer } = await import('#apps/standalone/server');
  const { loadConfiguration } = await import('#platform/configuration');
  const { PERENNIAL_API_KEYS: _, PERENNIAL_HOST: __, ...environment } = process.env;
  const configuration = loadConfiguration(
    { PERENNIAL_LOG_LEVEL: 'warn', ...environment },
    {
      port: 0,
      ...(data ? { dataDirectory: data } : {}),
      ...(backups ? { backupDirectory: backups } : {}),
    },
  );
  if (!begins) demandData(configuration.dataDirectory);
  const server: Server = await startServer(configuration);
  // The command before may have ended before all that it sent had landed.
  await server.landed(LANDING_MS);
  return target(server.url, () => server.close());
};

const target = (url: string, close: () => Promise<void>): Target => {
  const base = url.replace(/\/+$/, '');
  const key = process.env.PERENNIAL_API_KEY;
  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (key) headers.set('authorization', `Bearer ${key}`);
    if (init.body && !headers.has('content-type')) headers.set('content-type', 'application/json');
    try {
      const response = await fetch(`${base}${path}`, { ...init, headers });
      return new Response(response.body && whole(response.body, base), response);
    } catch (error) {
      throw new CliError(`No answer from ${base}: ${reasonOf(error)}`);
    }
  };
  return {
    request,
    json: async (path, init) => {
      const response = await request(path, init);
      if (!response.ok) throw await problemOf(response);
      return (await response.json()) as never;
    },
    close,
  };
};

/** The body of an answer, also when whoever sent it ends meanwhile. */
const whole = (body: ReadableStream<Uint8Array>, base: string): ReadableStream<Uint8Array> => {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(new CliError(`The answer from ${base} was cut off: ${reasonOf(error)}`));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
};

const reasonOf = (error: unknown): string => {
  const { cause, message } = error as Error & { cause?: { message?: string } };
  return cause?.message || message;
};

/** What a server says that it did not do, as an error for the terminal. */
export const problemOf = async (response: Response): Promise<CliError> => {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as Problem;
    return new CliError(describeProblem(problem), problem);
  } catch {
    return new CliError(`The server answered ${response.status}: ${text.slice(0, 1000)}`);
  }
};

export interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly status?: number;
  readonly errors?: readonly { readonly path: string; readonly reason: string }[];
}

export const describeProblem = ({ title, detail, errors = [] }: Problem): string =>
  [detail ?? title ?? 'The server refused.', ...errors.map(({ path, reason }) => `  ${path} ${reason}`)].join(
    '\n',
  );
