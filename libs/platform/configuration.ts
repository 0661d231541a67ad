import {
  apiKeyList,
  bytes,
  directory,
  hostAddress,
  integer,
  masterKey,
  oneOf,
  optional,
  phoneRegion,
  timeZone,
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

/** The only place that reads the environment. @throws ConfigurationError */
export const loadConfiguration = (
  env: Readonly<Record<string, string | undefined>>,
  overrides: Overrides = {},
): Configuration => {
  const problems: string[] = [];
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => {
      const text = overrides[name as SettingName]?.toString() ?? env[setting.variable]?.trim();
      try {
        // An empty variable is how many tools say that there is none.
        return [name, setting.read(text === '' ? undefined : text)];
      } catch (error) {
        const not = setting.format.secret ? '' : `, not '${text}'`;
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
