import { type Exit, type LaunchedProcess, launch } from './launched-process.js';
import { untilAnswers } from './until-answers.js';

const READY_WITHIN_MS = 60_000;

/** A server in a process of its own, that can be started again where it was. */
export interface RestartableServer {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
  restart(): Promise<void>;
}

export interface NodeServiceOptions {
  readonly name: string;
  /** What node is given: its options, the script, the script's arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: string;
  /** Fails as long as it does not answer. */
  readonly ask: () => Promise<void>;
  /** Killed when it has not ended by then. */
  readonly stopWithinMs: number;
}

/** Starts a program of node; ready when it answers. @throws StartFailure with the end of its log */
export const startNodeService = async ({
  name,
  args,
  env,
  log,
  ask,
  stopWithinMs,
}: NodeServiceOptions): Promise<RestartableServer> => {
  const start = async (): Promise<LaunchedProcess> => {
    const started = await launch(process.execPath, args, { env, log });
    await untilAnswers(name, started, READY_WITHIN_MS, ask);
    return started;
  };
  let running = await start();
  return {
    get pid() {
      return running.pid;
    },
    get exited() {
      return running.exited;
    },
    stop: async () => {
      await running.end('SIGTERM', stopWithinMs);
    },
    restart: async () => {
      await running.end('SIGTERM', stopWithinMs);
      running = await start();
    },
  };
};
