import { PerennialError } from '#eventing/errors';

/** The key under which one owner's personal values are sealed: a customer's, or a stream's that concerns none. */
export interface OwnerKey {
  /** Random, without a dot; stands in every value sealed under the key. */
  readonly id: string;
  readonly version: number;
  /** 32 random bytes. */
  readonly secret: Buffer;
}

export type LookUpKind = 'email' | 'phone';

/** Where an owner can be found by; `value` is normalised already (look-up.ts). */
export interface LookUp {
  readonly owner: string;
  readonly kind: LookUpKind;
  readonly value: string;
}

/** The only place where keys and look-ups of personal data live; test/contract holds what an adapter must do. */
export interface KeyVault {
  /** The keys of all these owners, made where missing and durable on return. Erased owners are left out. */
  keysFor(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>>;
  /** The keys that are there; none is made. */
  existingKeys(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>>;
  /**
   * Destroys the owners' keys and look-ups for good, and refuses them new ones for ever. On return nothing
   * of them is left in the vault's files but their ids. Repeating it is harmless.
   */
  erase(owners: readonly string[]): Promise<void>;
  /** Cheap enough to be asked by every command. */
  isErased(owner: string): Promise<boolean>;
  /** Durable on return; one that is there already and those of erased owners are left out. */
  putLookUps(lookUps: readonly LookUp[]): Promise<void>;
  removeLookUps(lookUps: readonly LookUp[]): Promise<void>;
  find(kind: LookUpKind, value: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export class CustomerErased extends PerennialError {
  constructor(readonly owner: string) {
    super('gone', 'customer-erased', `The personal data of ${owner} was erased; nothing more can be kept.`);
  }
}

/** The owner's key, made if there is none. @throws CustomerErased */
export const keyOf = async (vault: KeyVault, owner: string): Promise<OwnerKey> => {
  const key = (await vault.keysFor([owner])).get(owner);
  if (!key) throw new CustomerErased(owner);
  return key;
};
