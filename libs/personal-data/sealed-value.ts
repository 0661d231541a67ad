import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto';
import { fingerprintOf, isSealed, type Sealed } from '#eventing/sealed';
import type { OwnerKey } from './key-vault.js';

/** Why a sealed value cannot be read: made under another key, moved from elsewhere, or damaged. */
export class UnreadableSealed extends Error {
  constructor(reason: string) {
    super(`A sealed value cannot be read: ${reason}.`);
    this.name = 'UnreadableSealed';
  }
}

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FINGERPRINT_BYTES = 16;

interface WorkingKeys {
  readonly encryption: Buffer;
  readonly fingerprint: Buffer;
}

/** Lives exactly as long as the owner's key that it was derived from. */
const workingKeysOf = new WeakMap<OwnerKey, WorkingKeys>();

/** HKDF-Expand (RFC 5869, 2.3): the secret is random already, so that the extract step can be left out (3.3). */
const derive = (secret: Buffer, purpose: string): Buffer =>
  createHmac('sha256', secret).update(`perennial ${purpose}\x01`).digest();

const workingKeys = (key: OwnerKey): WorkingKeys => {
  let keys = workingKeysOf.get(key);
  if (!keys) {
    keys = { encryption: derive(key.secret, 'encryption'), fingerprint: derive(key.secret, 'fingerprint') };
    workingKeysOf.set(key, keys);
  }
  return keys;
};

/**
 * Encrypts one value. It opens under the same key, in the same stream and as the same field only; its
 * fingerprint depends on owner, field and text, so that equal values are recognised in any stream.
 */
export const sealValue = (key: OwnerKey, stream: string, field: string, clear: string): Sealed => {
  const { encryption, fingerprint } = workingKeys(key);
  const print = createHmac('sha256', fingerprint)
    .update(`${field}\0${clear}`)
    .digest()
    .toString('base64url', 0, FINGERPRINT_BYTES);
  const header = `sealed.1.${key.id}.${key.version}.${print}`;
  const iv = nextIv();
  const cipher = createCipheriv(CIPHER, encryption, iv);
  cipher.setAAD(associatedData(header, stream, field));
  const text = cipher.update(clear, 'utf8');
  cipher.final();
  return `${header}.${Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url')}` as Sealed;
};

/** @throws UnreadableSealed */
export const openValue = (key: OwnerKey, stream: string, field: string, sealed: string): string => {
  const { keyId, version, header, body } = parts(sealed);
  if (keyId !== key.id || version !== String(key.version))
    throw new UnreadableSealed('it was made under a key that its owner no longer has');
  const decipher = createDecipheriv(CIPHER, workingKeys(key).encryption, body.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associatedData(header, stream, field));
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  try {
    const text = decipher.update(body.subarray(IV_BYTES, body.length - TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    throw new UnreadableSealed('it was moved from another stream or field, or damaged');
  }
};

const parts = (sealed: string) => {
  const [, , keyId, version, , cipherText = ''] = sealed.split('.');
  const body = Buffer.from(cipherText, 'base64url');
  if (!isSealed(sealed) || body.length < IV_BYTES + TAG_BYTES)
    throw new UnreadableSealed('it does not have the form of one');
  return { keyId, version, header: `sealed.1.${fingerprintOf(sealed)}`, body };
};

const associatedData = (header: string, stream: string, field: string): Buffer =>
  Buffer.from(`${header}\n${stream}\n${field}`);

const ivPool = Buffer.alloc(IV_BYTES * 1024);
let ivPoolAt = ivPool.length;

/** Random, drawn for a thousand values at a time: asking the kernel for each costs as much as encrypting. */
const nextIv = (): Buffer => {
  if (ivPoolAt === ivPool.length) {
    randomFillSync(ivPool);
    ivPoolAt = 0;
  }
  ivPoolAt += IV_BYTES;
  return ivPool.subarray(ivPoolAt - IV_BYTES, ivPoolAt);
};
