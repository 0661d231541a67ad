import { resolve } from 'node:path';
import { isSupportedCountry } from 'libphonenumber-js';
import { IANAZone } from 'luxon';
import { Secret } from './secret.js';

/** How the text of a setting is read. */
export interface Format<T> {
  /** What is allowed, as the documentation says it. */
  readonly allowed: string;
  /** The text must not be repeated in messages. */
  readonly secret?: boolean;
  /** @throws Error with the reason: 'must be ...' */
  read(text: string): T;
}

interface Described {
  readonly variable: string;
  readonly description: string;
}

/** One setting of the environment. */
export interface Setting<T> extends Described {
  readonly format: Format<unknown>;
  readonly default?: string;
  /** What stands in the configuration; `undefined` where there is neither a value nor a default. */
  read(text: string | undefined): T;
}

export const withDefault = <T>(
  format: Format<T>,
  described: Described & { readonly default: string },
): Setting<T> => ({ ...described, format, read: (text = described.default) => format.read(text) });

export const optional = <T>(format: Format<T>, described: Described): Setting<T | undefined> => ({
  ...described,
  format,
  read: (text) => (text === undefined ? undefined : format.read(text)),
});

export const integer = (least: number, most: number): Format<number> => ({
  allowed: `a whole number from ${least} to ${most}`,
  read(text) {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new Error(`must be ${this.allowed}`);
    return value;
  },
});

export const share: Format<number> = {
  allowed: 'a number from 0 to 1',
  read(text) {
    const value = Number(text);
    if (!/^\d*\.?\d+$/.test(text) || value > 1) throw new Error(`must be ${this.allowed}`);
    return value;
  },
};

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** A number of bytes, such as `65536` or `4M`. */
export const bytes = (least: string, most: string): Format<number> => ({
  allowed: `bytes from ${least} to ${most}, with K, M or G for powers of 1024`,
  read(text) {
    const value = bytesOf(text);
    if (value === undefined || value < Number(bytesOf(least)) || value > Number(bytesOf(most)))
      throw new Error(`must be ${this.allowed}`);
    return value;
  },
});

const bytesOf = (text: string): number | undefined => {
  const match = /^(\d+)([KMG]?)$/.exec(text);
  return match ? Number(match[1]) * Number(UNITS[match[2] ?? '']) : undefined;
};

export const oneOf = <const T extends string>(...values: readonly T[]): Format<T> => ({
  allowed: values.map((value) => `\`${value}\``).join(', '),
  read(text) {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new Error(`must be one of ${values.join(', ')}`);
    return value;
  },
});

export const directory: Format<string> = { allowed: 'a path', read: (text) => resolve(text) };

export const hostAddress: Format<string> = {
  allowed: 'an address or a host name',
  read(text) {
    if (!/^[\w.:-]+$/.test(text)) throw new Error(`must be ${this.allowed}`);
    return text;
  },
};

export const timeZone: Format<string> = {
  allowed: 'an IANA time zone, for instance `Europe/Berlin`',
  read(text) {
    if (!/^[A-Z]/i.test(text) || !IANAZone.isValidZone(text))
      throw new Error('must be an IANA time zone, for instance Europe/Berlin');
    return text;
  },
};

export const phoneRegion: Format<string> = {
  allowed: 'an ISO 3166 country of two letters',
  read(text) {
    if (!isSupportedCountry(text)) throw new Error(`must be ${this.allowed}, for instance DE`);
    return text;
  },
};

export const masterKey: Format<Secret> = {
  allowed: '32 bytes in base64',
  secret: true,
  read(text) {
    if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) throw new Error(`must be ${this.allowed}`);
    return new Secret(text);
  },
};

const HOST_AND_PORT = /^(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/;

export const brokerList: Format<readonly string[]> = {
  allowed: '`host:port`, separated by commas',
  read(text) {
    const brokers = text.split(',').map((broker) => broker.trim());
    if (!brokers.every((broker) => HOST_AND_PORT.test(broker))) throw new Error(`must be ${this.allowed}`);
    return Object.freeze(brokers);
  },
};

/** Kafka takes 249 characters; some are left for the names made from it. */
export const topicName: Format<string> = {
  allowed: 'up to 200 letters, digits, dots, hyphens and underscores',
  read(text) {
    if (!/^[\w.-]{1,200}$/.test(text) || /^\.+$/.test(text)) throw new Error(`must be ${this.allowed}`);
    return text;
  },
};

export const identifier: Format<string> = {
  allowed: 'letters, digits and underscores',
  read(text) {
    if (!/^[A-Za-z_]\w{0,63}$/.test(text)) throw new Error(`must be ${this.allowed}`);
    return text;
  },
};

export const text: Format<string> = { allowed: 'a text', read: (value) => value };

export const password: Format<Secret> = {
  allowed: 'a text',
  secret: true,
  read: (value) => new Secret(value),
};

export const httpUrl: Format<string> = {
  allowed: 'a URL with http:// or https://, without a password',
  // It may hold a password all the same.
  secret: true,
  read(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol) || url.password !== '')
      throw new Error(`must be ${this.allowed}`);
    return text;
  },
};

/** Holds a password, as a rule. */
export const connectionString = (...protocols: readonly string[]): Format<Secret> => ({
  allowed: `a URL with ${protocols.map((protocol) => `\`${protocol}//\``).join(' or ')}`,
  secret: true,
  read(text) {
    if (!protocols.some((protocol) => text.startsWith(`${protocol}//`) && text.length > protocol.length + 2))
      throw new Error(`must be ${this.allowed}`);
    return new Secret(text);
  },
});

/** Who may call, recognised by a key of their own. */
export interface ApiKey {
  /** Stands as the actor in the events. */
  readonly name: string;
  readonly key: Secret;
}

const SHORTEST_API_KEY = 16;

export const apiKeyList: Format<readonly ApiKey[]> = {
  allowed: `\`name:key\`, separated by commas; keys of at least ${SHORTEST_API_KEY} characters`,
  secret: true,
  read(text) {
    const keys = text.split(',').map((entry) => {
      const [, name, key] = /^\s*([\w.-]+):(\S+)\s*$/.exec(entry) ?? [];
      if (!name || !key) throw new Error('must be name:key pairs, separated by commas');
      if (key.length < SHORTEST_API_KEY)
        throw new Error(
          `must have keys of at least ${SHORTEST_API_KEY} characters; that of ${name} is shorter`,
        );
      return Object.freeze({ name, key: new Secret(key) });
    });
    if (new Set(keys.map(({ name }) => name)).size < keys.length) throw new Error('must name everybody once');
    return Object.freeze(keys);
  },
};
