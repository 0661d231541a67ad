import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { OWNER_ONLY } from '#platform/data-directory';
import { freePort } from './free-port.js';
import { java, kafkaDistribution, kafkaObstacle, logConfiguration } from './kafka-distribution.js';
import { type Exit, type LaunchedProcess, launch } from './launched-process.js';
import { StartFailure } from './start-failure.js';
import { untilAnswers } from './until-answers.js';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 5_000;

export interface KafkaOptions {
  /** Where it keeps everything; left out: a temporary folder that goes when it is stopped. */
  readonly dir?: string;
  /** Left out: any free one. */
  readonly port?: number;
  /** Where clients are told to find it, when something stands in between; left out: its own port. */
  readonly advertisedPort?: number;
  readonly heapMb?: number;
}

/** A Kafka broker of one node (KRaft) on 127.0.0.1, in a process of its own. */
export interface KafkaServer {
  readonly brokers: string[];
  readonly pid: number;
  /** How the process that runs now will have ended. */
  readonly exited: Promise<Exit>;
  /** Ends it in order. A temporary folder is removed. */
  stop(): Promise<void>;
  /** Sends a signal; waits for the end with SIGKILL and SIGTERM. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on its data and its port, after ending it if it still runs; ready when it answers. */
  restart(): Promise<void>;
}

/** Starts a broker; ready when it answers. @throws StartFailure with the end of its log */
export const startKafka = async ({
  dir,
  port,
  advertisedPort,
  heapMb = 256,
}: KafkaOptions = {}): Promise<KafkaServer> => {
  const obstacle = kafkaObstacle();
  if (obstacle) throw new StartFailure(`No Kafka can be started: ${obstacle}`);
  const jars = await kafkaDistribution();
  const home = dir ?? mkdtempSync(join(tmpdir(), 'perennial-kafka-'));
  mkdirSync(home, { recursive: true, mode: OWNER_ONLY });
  const broker = port || (await freePort());
  const log = join(home, 'kafka.log');
  const settings = join(home, 'server.properties');
  const data = join(home, 'data');
  writeFileSync(settings, serverProperties(data, broker, advertisedPort ?? broker, await freePort()));
  const run = ['-cp', join(jars, '*'), `-Dlog4j2.configurationFile=${logConfiguration()}`];
  // Written last: what was begun when somebody killed us is begun again.
  const formatted = join(home, 'formatted');
  if (!existsSync(formatted)) {
    rmSync(data, { recursive: true, force: true });
    const format = ['kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId()}`, '-c', settings];
    await promisify(execFile)(java(), [...QUICK_START, ...run, ...format]);
    writeFileSync(formatted, '');
  }

  const brokers = [`127.0.0.1:${broker}`];
  const start = async (): Promise<LaunchedProcess> => {
    const heap = ['-Xms64m', `-Xmx${heapMb}m`, '-XX:+UseSerialGC'];
    const started = await launch(java(), [...heap, ...run, 'kafka.Kafka', settings], { log });
    await untilAnswers('Kafka', started, READY_WITHIN_MS, () => describeCluster(brokers));
    return started;
  };
  let running = await start();

  return {
    brokers,
    get pid() {
      return running.pid;
    },
    get exited() {
      return running.exited;
    },
    async stop() {
      await running.end('SIGTERM', STOP_WITHIN_MS);
      if (dir === undefined) rmSync(home, { recursive: true, force: true });
    },
    async kill(signal) {
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await running.end(signal, STOP_WITHIN_MS);
      else running.signal(signal);
    },
    async restart() {
      await running.end('SIGTERM', STOP_WITHIN_MS);
      running = await start();
    },
  };
};

/** A process that lives for a second gains nothing from optimised code. */
const QUICK_START = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];

const clusterId = (): string => randomBytes(16).toString('base64url');

const describeCluster = async (brokers: string[]): Promise<void> => {
  const admin = new Kafka({
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0 || cluster.controller === null) throw new Error('It has no brokers yet');
  } finally {
    await admin.disconnect();
  }
};

/** One node that keeps everything once, on a machine that has other things to do. */
const serverProperties = (
  data: string,
  port: number,
  advertisedPort: number,
  controllerPort: number,
): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort}`,
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A broker that was killed must wait so long before it may register again.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // A transaction that nobody ends holds up its readers no longer than it must.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 16 * 2 ** 20,
    'log.index.size.max.bytes': 2 ** 20,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
