import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CODES, exception } from './exception.js';

export interface Credentials {
  readonly username: string;
  /** Left out: nobody is asked for one, so the server must be reached from this machine only. */
  readonly password?: string;
}

/** @throws ClickHouseException */
export const checkAccess = (request: IncomingMessage, url: URL, expected: Credentials): void => {
  const { username, password } = credentialsOf(request, url);
  if (expected.password === undefined) refuseBrowsersOfOthers(request);
  const known = same(username, expected.username);
  if (!known || (expected.password !== undefined && !same(password, expected.password)))
    throw exception(
      CODES.authentication,
      'AUTHENTICATION_FAILED',
      `${username.slice(0, 60)}: Authentication failed: password is incorrect, or there is no user with such name.`,
    );
};

const credentialsOf = ({ headers }: IncomingMessage, url: URL): { username: string; password: string } => {
  const [, basic] = /^Basic (.+)$/i.exec(headers.authorization ?? '') ?? [];
  if (basic) {
    const text = Buffer.from(basic, 'base64').toString();
    const colon = text.indexOf(':');
    return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return {
    username: headers['x-clickhouse-user']?.toString() ?? url.searchParams.get('user') ?? 'default',
    password: headers['x-clickhouse-key']?.toString() ?? url.searchParams.get('password') ?? '',
  };
};

/** Without a password the machine is the border, and a page in a browser on it comes from beyond. */
const refuseBrowsersOfOthers = ({ headers }: IncomingMessage): void => {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  const site = headers['sec-fetch-site'];
  if (
    !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host) ||
    headers.origin !== undefined ||
    (site !== undefined && site !== 'none' && site !== 'same-origin')
  )
    throw exception(
      CODES.authentication,
      'AUTHENTICATION_FAILED',
      'Pages in browsers and other host names are answered only when a password is set',
    );
};

const same = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
