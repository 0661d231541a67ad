/**
 * A personal value as the domain, the events and every store see it: encrypted under its owner's key, with a
 * keyed fingerprint of the clear text, so that equal values of one owner can be recognised without the key.
 * The form is `sealed.1.<key id>.<key version>.<fingerprint>.<cipher text>`, the last two in base64url.
 */
export type Sealed = string & { readonly __sealed: never };

const PREFIX = 'sealed.1.';

export const isSealed = (value: unknown): value is Sealed =>
  typeof value === 'string' && value.startsWith(PREFIX);

/** The part of a sealed value that is equal exactly when owner, field and clear text are equal. */
export const fingerprintOf = (value: Sealed): string => {
  const [, , keyId, version, fingerprint] = value.split('.');
  return `${keyId}.${version}.${fingerprint}`;
};
