import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { PerennialError } from '#eventing/errors';
import type { LookUpKind, OwnerKey } from './key-vault.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const LOOK_UP_HASH_BYTES = 16;

/** The vault was made under another master key. Nothing was changed. */
export class WrongMasterKey extends PerennialError {
  constructor() {
    super(
      'unavailable',
      'wrong-master-key',
      'The key vault was made under another master key. Start with the one it was made under ' +
        '(PERENNIAL_MASTER_KEY or the file master.key); nothing was changed.',
    );
  }
}

/** Wraps the owners' keys and keys the look-ups; one separate key is derived for each. */
export class MasterKey {
  readonly #wrapping: KeyObject;
  readonly #lookUp: KeyObject;
  /** Tells two master keys apart and gives nothing else away. */
  readonly fingerprint: string;

  /** @param base64 32 bytes. @throws Error when it is anything else; the message does not repeat it */
  constructor(base64: string) {
    if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(base64.trim()))
      throw new Error('The master key must be 32 bytes in base64.');
    const bytes = Buffer.from(base64.trim(), 'base64');
    const derive = (purpose: string) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', bytes, '', `perennial master ${purpose}`, 32)));
    this.#wrapping = derive('wrapping');
    this.#lookUp = derive('look-up');
    this.fingerprint = createHmac('sha256', derive('fingerprint')).digest('base64url');
  }

  /** A new key, and what may be written to a file of it. */
  newKey(owner: string): { key: OwnerKey; wrapped: Buffer } {
    const random = randomBytes(9 + 32 + IV_BYTES);
    const key = {
      id: random.toString('base64url', 0, 9),
      version: 1,
      secret: Buffer.from(random.subarray(9, 41)),
    };
    const iv = random.subarray(41);
    const cipher = createCipheriv(CIPHER, this.#wrapping, iv);
    cipher.setAAD(associatedData(owner, key.id, key.version));
    const text = Buffer.concat([cipher.update(key.secret), cipher.final()]);
    return { key, wrapped: Buffer.concat([iv, text, cipher.getAuthTag()]) };
  }

  unwrap(owner: string, id: string, version: number, wrapped: Buffer): OwnerKey {
    const decipher = createDecipheriv(CIPHER, this.#wrapping, wrapped.subarray(0, IV_BYTES));
    decipher.setAAD(associatedData(owner, id, version));
    decipher.setAuthTag(wrapped.subarray(-TAG_BYTES));
    const secret = Buffer.concat([decipher.update(wrapped.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    return { id, version, secret };
  }

  lookUpHash(kind: LookUpKind, value: string): Buffer {
    const hash = createHmac('sha256', this.#lookUp).update(`${kind}\0${value}`).digest();
    return Buffer.from(hash.subarray(0, LOOK_UP_HASH_BYTES));
  }
}

const associatedData = (owner: string, id: string, version: number): Buffer =>
  Buffer.from(`${id}\n${version}\n${owner}`);
