import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { PerennialError } from '#eventing/errors';
import { MAX_LINE_LENGTH } from '../landing-problem.js';
import { KafkaUnavailable } from './kafka-failure.js';

export interface TopicOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  readonly minInSync: number;
  readonly retentionDays: number;
  /** Most bytes of what is written to a partition at once. Default: the longest line and room for its envelope. */
  readonly maxMessageBytes?: number;
}

export const checkpointTopicOf = (topic: string): string => `${topic}.checkpoint`;

export const MAX_MESSAGE_BYTES = MAX_LINE_LENGTH + 64 * 1024;

const NOT_KNOWN_YET = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);
const KNOWN_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * Makes the topic of the events and the one of the checkpoint, or checks them when they are there. Any number of
 * processes may do so at once.
 * @throws PerennialError `topic-settings`, naming everything that is wrong
 */
export const ensureTopics = async (admin: Admin, options: TopicOptions): Promise<void> => {
  const problems = await onceKnown(async () => {
    const wanted = [eventsTopic(options), checkpointTopic(options)];
    const there = new Set(await answered(admin.listTopics()));
    const missing = wanted.filter(({ topic }) => !there.has(topic));
    if (missing.length > 0) await create(admin, missing);
    return problemsOf(admin, options);
  });
  if (problems.length > 0)
    throw new PerennialError(
      'refused',
      'topic-settings',
      `The topics in Kafka are not as they must be: ${problems.join('; ')}.`,
    );
};

/** A busy broker may not know for a moment what it has just made. */
const onceKnown = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  for (const giveUpAt = Date.now() + KNOWN_WITHIN_MS; ; await delay(LOOK_EVERY_MS)) {
    try {
      return await work();
    } catch (error) {
      const { type = '' } = error as { type?: string };
      if (!NOT_KNOWN_YET.has(type) || Date.now() > giveUpAt) throw error;
    }
  }
};

/** The client takes it for an answer when no broker gives one, and fails over reading it. */
const answered = <Answer>(asked: Promise<Answer>): Promise<Answer> =>
  asked.catch((error: unknown) => {
    throw error instanceof TypeError ? new KafkaUnavailable(error) : error;
  });

const eventsTopic = ({
  topic,
  partitions,
  replication,
  minInSync,
  retentionDays,
  maxMessageBytes = MAX_MESSAGE_BYTES,
}: TopicOptions): ITopicConfig => ({
  topic,
  numPartitions: partitions,
  replicationFactor: replication,
  configEntries: entries({
    'cleanup.policy': 'delete',
    'retention.ms': retentionDays * DAY_MS,
    'min.insync.replicas': minInSync,
    'max.message.bytes': maxMessageBytes,
  }),
});

const checkpointTopic = ({ topic, replication, minInSync }: TopicOptions): ITopicConfig => ({
  topic: checkpointTopicOf(topic),
  numPartitions: 1,
  replicationFactor: replication,
  configEntries: entries({
    'cleanup.policy': 'compact',
    'min.insync.replicas': minInSync,
    // Only closed segments are compacted.
    'segment.bytes': 16 * 1024 * 1024,
  }),
});

const entries = (settings: Readonly<Record<string, string | number>>) =>
  Object.entries(settings).map(([name, value]) => ({ name, value: String(value) }));

const create = async (admin: Admin, topics: ITopicConfig[]): Promise<void> => {
  try {
    await admin.createTopics({ topics, waitForLeaders: true });
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSAggregateError)) throw error;
    // Another process may have been faster.
    const failure = error.errors.find((each) => (each as { type?: string }).type !== 'TOPIC_ALREADY_EXISTS');
    if (failure) throw failure;
  }
};

const problemsOf = async (admin: Admin, options: TopicOptions): Promise<string[]> => {
  const { topic, partitions, minInSync, retentionDays, maxMessageBytes = MAX_MESSAGE_BYTES } = options;
  const { replication } = options;
  const checkpoint = checkpointTopicOf(topic);
  const [sizes, events, checkpoints] = await Promise.all([
    sizesOf(admin, [topic, checkpoint]),
    settingsOf(admin, topic),
    settingsOf(admin, checkpoint),
  ]);
  const problems: string[] = [];
  const must = (right: boolean, name: string, setting: string, is: unknown, mustBe: string): void => {
    if (!right) problems.push(`${name} has ${setting} = ${is}, which must be ${mustBe}`);
  };
  const retention = Number(events.get('retention.ms'));
  const bytes = Number(events.get('retention.bytes'));
  const count = sizes.get(topic)?.partitions;
  must(count === partitions, topic, 'partitions', count, `${partitions} as configured, and never changes`);
  must(
    retention === -1 || retention >= retentionDays * DAY_MS,
    topic,
    'retention.ms',
    retention,
    `at least ${retentionDays * DAY_MS} (${retentionDays} days)`,
  );
  must(bytes === -1, topic, 'retention.bytes', bytes, '-1: what is kept is a matter of days');
  const policy = events.get('cleanup.policy');
  must(policy === 'delete', topic, 'cleanup.policy', policy, 'delete: every event of a key is needed');
  const size = Number(events.get('max.message.bytes'));
  must(size >= maxMessageBytes, topic, 'max.message.bytes', size, `at least ${maxMessageBytes}`);
  const one = sizes.get(checkpoint)?.partitions;
  must(one === 1, checkpoint, 'partitions', one, '1');
  const compacted = checkpoints.get('cleanup.policy');
  must(compacted === 'compact', checkpoint, 'cleanup.policy', compacted, 'compact: it holds the last one');
  for (const [name, settings] of [
    [topic, events],
    [checkpoint, checkpoints],
  ] as const) {
    const inSync = Number(settings.get('min.insync.replicas'));
    must(inSync >= minInSync, name, 'min.insync.replicas', inSync, `at least ${minInSync}`);
    const replicas = sizes.get(name)?.replicas ?? 0;
    must(replicas >= replication, name, 'replicas', replicas, `at least ${replication}`);
    // A service that keeps it to itself does not tell.
    const unclean = settings.get('unclean.leader.election.enable');
    must(
      unclean !== 'true',
      name,
      'unclean.leader.election.enable',
      unclean,
      'false: a leader that is behind would lose what was acknowledged',
    );
  }
  return problems;
};

interface TopicSize {
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
}

const sizesOf = async (admin: Admin, topics: string[]): Promise<ReadonlyMap<string, TopicSize>> => {
  const { topics: found } = await answered(admin.fetchTopicMetadata({ topics }));
  return new Map(
    found.map(({ name, partitions }) => [
      name,
      {
        partitions: partitions.length,
        replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      },
    ]),
  );
};

const settingsOf = async (admin: Admin, topic: string): Promise<ReadonlyMap<string, string>> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  });
  return new Map(
    resources.flatMap(({ configEntries }) =>
      configEntries.map(({ configName, configValue }) => [configName, configValue] as const),
    ),
  );
};
