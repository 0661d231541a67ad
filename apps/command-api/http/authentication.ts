import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HttpProblem } from './problem.js';

export interface ApiKey {
  /** Becomes the actor of all that is sent with the key. */
  readonly name: string;
  readonly key: string;
}

/** The actor of a server that asks for no key, because only this machine can reach it. */
const LOCAL_ACTOR = 'local';

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Finds out who calls.
 * @throws HttpProblem 401 when keys are configured and the request shows none of them
 */
export const authentication = (keys: readonly ApiKey[]): ((headers: IncomingHttpHeaders) => string) => {
  if (keys.length === 0) return () => LOCAL_ACTOR;
  const digests = keys.map(({ name, key }) => ({ name, digest: digest(key) }));
  return (headers) => {
    const shown = keyIn(headers);
    if (shown === undefined)
      throw unauthorised('An API key is needed: Authorization: Bearer <key>, or X-Api-Key: <key>.');
    const wanted = digest(shown);
    // All are compared, and digests instead of keys, so that the time taken tells nothing.
    let actor: string | undefined;
    for (const known of digests) if (timingSafeEqual(known.digest, wanted)) actor = known.name;
    if (actor === undefined) throw unauthorised('The API key is not known.');
    return actor;
  };
};

const keyIn = (headers: IncomingHttpHeaders): string | undefined => {
  const header = headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
};

const unauthorised = (detail: string): HttpProblem =>
  new HttpProblem(401, 'unauthorised', detail, { 'www-authenticate': 'Bearer realm="perennial"' });
