import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, demand, loadConfiguration, SETTINGS } from '#platform/configuration';
import { packageRoot } from '#platform/package-root';

const KEY = Buffer.alloc(32, 7).toString('base64');

const problemsOf = (load: () => unknown): readonly string[] => {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
};

describe('the configuration', () => {
  it('is complete without any setting, and open on loopback only', () => {
    expect(loadConfiguration({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      dataDirectory: resolve('data'),
      businessZone: 'UTC',
      apiKeys: [],
      masterKey: undefined,
      keyCacheSeconds: 60,
      defaultPhoneRegion: 'US',
      bodyLimit: 4 * 2 ** 20,
      sqlMaxMemory: 2 ** 30,
      sqlMaxSeconds: 30,
      sqlMaxRows: 1_000_000,
      eventStoreUrl: undefined,
      kafkaBrokers: undefined,
      kafkaTopic: 'crm.events',
      kafkaPartitions: 4,
      kafkaReplication: 1,
      kafkaMinInSync: 1,
      kafkaRetentionDays: 14,
      kafkaTls: 'false',
      kafkaSaslMechanism: 'scram-sha-512',
      kafkaUsername: undefined,
      kafkaPassword: undefined,
      clickhouseUrl: undefined,
      clickhouseUser: 'default',
      clickhousePassword: undefined,
      clickhouseCluster: undefined,
      databaseUrl: undefined,
      otlpEndpoint: undefined,
      traceRatio: 0.01,
      logLevel: 'info',
    });
  });

  it('takes any setting from a file, as secrets are mounted', () => {
    const dir = mkdtempSync(join(tmpdir(), 'perennial-settings-'));
    const file = join(dir, 'master-key');
    writeFileSync(file, `${KEY}\n`);
    expect(loadConfiguration({ PERENNIAL_MASTER_KEY_FILE: file }).masterKey?.reveal()).toBe(KEY);
    expect(
      problemsOf(() => loadConfiguration({ PERENNIAL_MASTER_KEY: KEY, PERENNIAL_MASTER_KEY_FILE: file })),
    ).toEqual(['PERENNIAL_MASTER_KEY is given twice, also as PERENNIAL_MASTER_KEY_FILE.']);
    rmSync(dir, { recursive: true });
    expect(problemsOf(() => loadConfiguration({ DATABASE_URL_FILE: file }))).toEqual([
      `DATABASE_URL cannot be read from the file ${file}: ENOENT.`,
    ]);
    expect(problemsOf(() => loadConfiguration({ PORT_FILE: 'port' }))).toEqual([
      'PORT cannot be read from the file port: ENOENT.',
    ]);
    // Somebody took one variable for the other.
    expect(
      problemsOf(() => loadConfiguration({ DATABASE_URL_FILE: 'postgres://crm:changeit@host' })),
    ).toEqual(['DATABASE_URL cannot be read from what DATABASE_URL_FILE names: ENOENT.']);
  });

  it('never shows what may hold a password', () => {
    const secrets = {
      EVENTSTORE_URL: 'http://admin:changeit@host',
      DATABASE_URL: 'mysql://crm:changeit@host',
      CLICKHOUSE_URL: 'http://crm:changeit@host',
    };
    const problems = problemsOf(() => loadConfiguration(secrets));
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('changeit');
    const right = loadConfiguration({
      ...secrets,
      ...{ EVENTSTORE_URL: 'esdb://admin:changeit@host' },
      ...{ DATABASE_URL: 'postgres://crm:changeit@host/crm', CLICKHOUSE_URL: '' },
    });
    expect(`${inspect(right)}${JSON.stringify(right)}`).not.toContain('changeit');
  });

  it('names all settings that a program cannot do without', () => {
    const configuration = loadConfiguration({ KAFKA_BROKERS: 'a:9092, b:9092' });
    expect(demand(configuration, 'kafkaBrokers').kafkaBrokers).toEqual(['a:9092', 'b:9092']);
    expect(problemsOf(() => demand(configuration, 'kafkaBrokers', 'eventStoreUrl', 'clickhouseUrl'))).toEqual(
      [
        'EVENTSTORE_URL is needed here: a URL with `esdb://` or `esdb+discover://`.',
        'CLICKHOUSE_URL is needed here: a URL with http:// or https://, without a password.',
      ],
    );
  });

  it('lists what is missing together with what is wrong', () => {
    const needed = ['eventStoreUrl', 'kafkaBrokers', 'databaseUrl'] as const;
    expect(
      problemsOf(() => loadConfiguration({ KAFKA_BROKERS: 'somewhere', PORT: 'x' }, {}, needed)),
    ).toEqual([
      "PORT must be a whole number from 0 to 65535, not 'x'.",
      'EVENTSTORE_URL is needed here: a URL with `esdb://` or `esdb+discover://`.',
      "KAFKA_BROKERS must be `host:port`, separated by commas, not 'somewhere'.",
      'DATABASE_URL is needed here: a URL with `postgres://` or `postgresql://`.',
    ]);
    const { databaseUrl } = loadConfiguration({ DATABASE_URL: 'postgres://host/crm' }, {}, ['databaseUrl']);
    expect(databaseUrl?.reveal()).toBe('postgres://host/crm');
  });

  it('is frozen', () => {
    expect(Object.isFrozen(loadConfiguration({}))).toBe(true);
  });

  it('takes an empty variable for none', () => {
    expect(loadConfiguration({ PORT: '', PERENNIAL_API_KEYS: ' ' })).toMatchObject({
      port: 3000,
      apiKeys: [],
    });
  });

  it('lets the command line overrule the environment, by the same rules', () => {
    expect(loadConfiguration({ PORT: '4000' }, { port: 0 }).port).toBe(0);
    expect(loadConfiguration({ PORT: 'wrong' }, { port: '0' }).port).toBe(0);
    expect(problemsOf(() => loadConfiguration({}, { port: '-1' }))).toEqual([
      "PORT must be a whole number from 0 to 65535, not '-1'.",
    ]);
  });

  it('listens everywhere once it knows who may call', () => {
    const { host, apiKeys } = loadConfiguration({
      PERENNIAL_API_KEYS: 'shop:0123456789abcdef,crm:fedcba9876543210',
    });
    expect(host).toBe('0.0.0.0');
    expect(apiKeys.map(({ name, key }) => [name, key.reveal()])).toEqual([
      ['shop', '0123456789abcdef'],
      ['crm', 'fedcba9876543210'],
    ]);
  });

  it('lists every wrong setting at once and repeats no secret', () => {
    const problems = problemsOf(() =>
      loadConfiguration({
        PORT: '70000',
        PERENNIAL_HOST: 'a b',
        PERENNIAL_BUSINESS_ZONE: 'Mars/Olympus',
        PERENNIAL_API_KEYS: 'shop:tooshort',
        PERENNIAL_MASTER_KEY: 'c2VjcmV0',
        PERENNIAL_PHONE_REGION: 'XX',
        PERENNIAL_BODY_LIMIT: '1T',
        PERENNIAL_SQL_MAX_ROWS: '0',
        PERENNIAL_LOG_LEVEL: 'loud',
      }),
    );
    expect(problems).toEqual([
      "PORT must be a whole number from 0 to 65535, not '70000'.",
      "PERENNIAL_HOST must be an address or a host name, not 'a b'.",
      "PERENNIAL_BUSINESS_ZONE must be an IANA time zone, for instance Europe/Berlin, not 'Mars/Olympus'.",
      'PERENNIAL_API_KEYS must have keys of at least 16 characters; that of shop is shorter.',
      'PERENNIAL_MASTER_KEY must be 32 bytes in base64.',
      "PERENNIAL_PHONE_REGION must be an ISO 3166 country of two letters, for instance DE, not 'XX'.",
      "PERENNIAL_BODY_LIMIT must be bytes from 16K to 64M, with K, M or G for powers of 1024, not '1T'.",
      "PERENNIAL_SQL_MAX_ROWS must be a whole number from 1 to 1000000000, not '0'.",
      "PERENNIAL_LOG_LEVEL must be one of silent, fatal, error, warn, info, debug, trace, not 'loud'.",
    ]);
  });

  it('refuses to be open to everybody beyond loopback', () => {
    expect(problemsOf(() => loadConfiguration({ PERENNIAL_HOST: '0.0.0.0' }))).toEqual([
      "PERENNIAL_HOST must be a loopback address as long as PERENNIAL_API_KEYS names nobody, not '0.0.0.0'.",
    ]);
    expect(loadConfiguration({ PERENNIAL_HOST: '::1' }).host).toBe('::1');
  });

  it('shows no secret, however it is printed', () => {
    const configuration = loadConfiguration({
      PERENNIAL_API_KEYS: 'shop:0123456789abcdef',
      PERENNIAL_MASTER_KEY: KEY,
    });
    const printed = `${JSON.stringify(configuration)} ${inspect(configuration, { depth: 9, showHidden: true })} ${configuration.masterKey}`;
    for (const secret of ['0123456789abcdef', KEY]) expect(printed).not.toContain(secret);
    expect(configuration.masterKey?.reveal()).toBe(KEY);
  });
});

/** The table of docs/configuration.md. */
const table = (): string =>
  [
    '| variable | default | allowed | meaning |',
    '|---|---|---|---|',
    ...Object.values(SETTINGS).map(
      (setting) =>
        `| \`${setting.variable}\` | ${setting.default === undefined ? '' : `\`${setting.default}\``} | ${setting.format.allowed} | ${setting.description} |`,
    ),
  ].join('\n');

describe('docs/configuration.md', () => {
  const file = join(packageRoot(), 'docs/configuration.md');
  const page = `# Configuration

Everything is set by environment variables, read once at the start. A wrong or missing value stops the start,
with all of them listed. This page is made from libs/platform/configuration.ts: \`UPDATE_DOCS=1 npm run -s jest -- libs/platform/configuration\`.

${table()}
`;

  it('shows the settings as they are', () => {
    if (process.env.UPDATE_DOCS === '1') writeFileSync(file, page);
    expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(page);
  });
});
