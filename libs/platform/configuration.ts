import { readFileSync } from 'node:fs';
import {
  apiKeyList,
  brokerList,
  bytes,
  connectionString,
  directory,
  hostAddress,
  httpUrl,
  identifier,
  integer,
  masterKey,
  oneOf,
  optional,
  password,
  phoneRegion,
  type Setting,
  share,
  text,
  timeZone,
  topicName,
  withDefault,
} from './setting.js';

/** Every setting there is; docs/configuration.md is made from this list. */
export const SETTINGS = {
  port: withDefault(integer(0, 65_535), {
    variable: 'PORT',
    default: '3000',
    description: 'Port of the HTTP server; 0 takes any free one.',
  }),
  host: optional(hostAddress, {
    variable: 'PERENNIAL_HOST',
    description:
      'Address to listen on. Left out: `127.0.0.1` without API keys, `0.0.0.0` with them. Without API keys only a loopback address is accepted.',
  }),
  dataDirectory: withDefault(directory, {
    variable: 'PERENNIAL_DATA_DIRECTORY',
    default: './data',
    description: 'Directory of the embedded stores; made if it is missing, used by one process at a time.',
  }),
  backupDirectory: optional(directory, {
    variable: 'PERENNIAL_BACKUP_DIRECTORY',
    description:
      'Where a server of the embedded set writes its backups, each into a directory of its own. Left out: `backups` in the data directory; better is another disk.',
  }),
  businessZone: withDefault(timeZone, {
    variable: 'PERENNIAL_BUSINESS_ZONE',
    default: 'UTC',
    description:
      'The zone whose days are business dates. Events keep the date they were given: a change later applies to new events only.',
  }),
  apiKeys: optional(apiKeyList, {
    variable: 'PERENNIAL_API_KEYS',
    description:
      'Who may call; the name stands as actor in the events. Left out: everybody may, and the server listens on loopback only.',
  }),
  masterKey: optional(masterKey, {
    variable: 'PERENNIAL_MASTER_KEY',
    description:
      'Wraps the keys of all personal data. Left out: one is made into the file `master.key` of the data directory. Keep it apart from backups of the data, because who has both can read everything.',
  }),
  keyCacheSeconds: withDefault(integer(0, 3600), {
    variable: 'PERENNIAL_KEY_CACHE_SECONDS',
    default: '60',
    description:
      'How long a process uses the key of a customer without asking the vault: after that time nobody reads what was erased elsewhere.',
  }),
  defaultPhoneRegion: withDefault(phoneRegion, {
    variable: 'PERENNIAL_PHONE_REGION',
    default: 'US',
    description: 'The country of telephone numbers that are written without a country code.',
  }),
  bodyLimit: withDefault(bytes('16K', '64M'), {
    variable: 'PERENNIAL_BODY_LIMIT',
    default: '4M',
    description: 'The largest request body that is read as a whole, and the largest line of a batch.',
  }),
  sqlMaxMemory: withDefault(bytes('64M', '1024G'), {
    variable: 'PERENNIAL_SQL_MAX_MEMORY',
    default: '1G',
    description: "The most memory that one of an analyst's queries may use.",
  }),
  sqlMaxSeconds: withDefault(integer(1, 3600), {
    variable: 'PERENNIAL_SQL_MAX_SECONDS',
    default: '30',
    description: "The longest that one of an analyst's queries may run.",
  }),
  sqlMaxRows: withDefault(integer(1, 1_000_000_000), {
    variable: 'PERENNIAL_SQL_MAX_ROWS',
    default: '1000000',
    description: "The most rows that one of an analyst's queries may return.",
  }),
  eventStoreUrl: optional(connectionString('esdb:', 'esdb+discover:'), {
    variable: 'EVENTSTORE_URL',
    description:
      'Distributed set: EventStoreDB, for instance `esdb+discover://user:password@host:2113`; `?tls=false` without TLS.',
  }),
  kafkaBrokers: optional(brokerList, {
    variable: 'KAFKA_BROKERS',
    description: 'Distributed set: the brokers that are asked for all others.',
  }),
  kafkaTopic: withDefault(topicName, {
    variable: 'KAFKA_TOPIC',
    default: 'crm.events',
    description:
      'The topic of all events. Beside it the relay keeps `<topic>.checkpoint`, and the projectors are the group `<topic>.projector`.',
  }),
  kafkaPartitions: withDefault(integer(1, 1024), {
    variable: 'KAFKA_PARTITIONS',
    default: '4',
    description:
      'Partitions of the topic when it is made. Fixed for its life: the partition is what keeps the order of a customer.',
  }),
  kafkaReplication: withDefault(integer(1, 9), {
    variable: 'KAFKA_REPLICATION',
    default: '1',
    description: 'On how many brokers each partition is kept; 3 on a cluster.',
  }),
  kafkaMinInSync: withDefault(integer(1, 9), {
    variable: 'KAFKA_MIN_INSYNC_REPLICAS',
    default: '1',
    description: 'How many brokers must have a record before it counts as written; 2 on a cluster.',
  }),
  kafkaRetentionDays: withDefault(integer(1, 3650), {
    variable: 'KAFKA_RETENTION_DAYS',
    default: '14',
    description:
      'How long the topic keeps events: a projector that stands still for longer needs a refill from the event store.',
  }),
  kafkaTls: withDefault(oneOf('false', 'true'), {
    variable: 'KAFKA_TLS',
    default: 'false',
    description: 'Whether brokers are spoken to over TLS.',
  }),
  kafkaSaslMechanism: withDefault(oneOf('plain', 'scram-sha-256', 'scram-sha-512'), {
    variable: 'KAFKA_SASL_MECHANISM',
    default: 'scram-sha-512',
    description: 'How this process proves who it is, when `KAFKA_USERNAME` is set.',
  }),
  kafkaUsername: optional(text, {
    variable: 'KAFKA_USERNAME',
    description: 'User at the brokers. Left out: none is told.',
  }),
  kafkaPassword: optional(password, {
    variable: 'KAFKA_PASSWORD',
    description: 'Password of that user.',
  }),
  clickhouseUrl: optional(httpUrl, {
    variable: 'CLICKHOUSE_URL',
    description: 'Distributed set: ClickHouse over HTTP, for instance `http://clickhouse:8123`.',
  }),
  clickhouseUser: withDefault(text, {
    variable: 'CLICKHOUSE_USER',
    default: 'default',
    description: 'User at ClickHouse; may create and change everything in the database `crm`.',
  }),
  clickhousePassword: optional(password, {
    variable: 'CLICKHOUSE_PASSWORD',
    description: 'Password of that user.',
  }),
  clickhouseCluster: optional(identifier, {
    variable: 'CLICKHOUSE_CLUSTER',
    description:
      'Name of the ClickHouse cluster: tables are then replicated and made `ON CLUSTER`. Left out: one server.',
  }),
  databaseUrl: optional(connectionString('postgres:', 'postgresql:'), {
    variable: 'DATABASE_URL',
    description:
      'Distributed set: PostgreSQL with the key vault and the checkpoints, for instance `postgres://user:password@host/perennial`.',
  }),
  otlpEndpoint: optional(httpUrl, {
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    description:
      'Where traces go, over HTTP (OTLP), for instance `http://collector:4318`. Left out: no traces are made; what callers send is passed on.',
  }),
  traceRatio: withDefault(share, {
    variable: 'OTEL_TRACES_SAMPLER_ARG',
    default: '0.01',
    description: 'Share of the requests that are traced when the caller has not decided it.',
  }),
  logLevel: withDefault(oneOf('silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'), {
    variable: 'PERENNIAL_LOG_LEVEL',
    default: 'info',
    description: 'The least important lines that are logged.',
  }),
} as const;

type SettingName = keyof typeof SETTINGS;
type Values = { readonly [Name in SettingName]: ReturnType<(typeof SETTINGS)[Name]['read']> };

/** The settings as the program uses them: checked, frozen, complete. */
export type Configuration = Omit<Values, 'host' | 'apiKeys'> & {
  readonly host: string;
  readonly apiKeys: NonNullable<Values['apiKeys']>;
};

/** What a command line may set; read like the environment's text, and stronger. */
export type Overrides = { readonly [Name in SettingName]?: string | number };

/** All wrong settings at once, by the name under which they were set. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigurationError';
  }
}

/** Secrets are often mounted as files: each variable may be given as the path of a file, with _FILE behind its name. */
const textOf = (env: Environment, { variable, format }: Setting<unknown>): string | undefined => {
  const given = env[variable]?.trim();
  const file = env[`${variable}_FILE`]?.trim();
  // An empty variable is how many tools say that there is none.
  if (!file) return given || undefined;
  if (given) throw new Error(`is given twice, also as ${variable}_FILE`);
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    // What is no path is perhaps the secret itself, given under the wrong name.
    const named = !format.secret || A_PATH.test(file) ? `the file ${file}` : `what ${variable}_FILE names`;
    throw new Error(`cannot be read from ${named}: ${(error as NodeJS.ErrnoException).code}`);
  }
};

const A_PATH = /^(?:\/|\.{1,2}\/)/;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The only place that reads the environment.
 * @param needed what the program cannot do without
 * @throws ConfigurationError
 */
export const loadConfiguration = (
  env: Environment,
  overrides: Overrides = {},
  needed: readonly Optional[] = [],
): Configuration => {
  const problems: string[] = [];
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => {
      let text: string | undefined;
      try {
        text = overrides[name as SettingName]?.toString().trim() ?? textOf(env, setting);
        const value = setting.read(text === '' ? undefined : text);
        if (value === undefined && (needed as readonly string[]).includes(name))
          problems.push(isNeeded(setting));
        return [name, value];
      } catch (error) {
        const not = setting.format.secret || text === undefined ? '' : `, not '${text}'`;
        problems.push(`${setting.variable} ${(error as Error).message}${not}.`);
        return [name, undefined];
      }
    }),
  ) as Values;
  const apiKeys = values.apiKeys ?? Object.freeze([]);
  const host = values.host ?? (apiKeys.length > 0 ? '0.0.0.0' : '127.0.0.1');
  const open = apiKeys.length === 0 && !isLoopback(host);
  if (open)
    problems.push(
      `${SETTINGS.host.variable} must be a loopback address as long as ${SETTINGS.apiKeys.variable} names nobody, not '${host}'.`,
    );
  if (problems.length > 0) throw new ConfigurationError(problems);
  return Object.freeze({ ...values, host, apiKeys });
};

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** A setting that may be left out. */
export type Optional = {
  [Name in keyof Configuration]: undefined extends Configuration[Name] ? Name : never;
}[keyof Configuration];

const isNeeded = ({ variable, format }: Setting<unknown>): string =>
  `${variable} is needed here: ${format.allowed}.`;

/** The configuration of a program that cannot do without some settings. @throws ConfigurationError for those left out */
export const demand = <Name extends Optional>(
  configuration: Configuration,
  ...names: readonly Name[]
): Configuration & { readonly [N in Name]-?: NonNullable<Configuration[N]> } => {
  const missing = names.filter((name) => configuration[name] === undefined);
  if (missing.length > 0)
    throw new ConfigurationError(missing.map((name) => isNeeded(SETTINGS[name as SettingName])));
  return configuration as Configuration & { readonly [N in Name]-?: NonNullable<Configuration[N]> };
};
