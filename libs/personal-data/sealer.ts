import { isSealed, type Sealed } from '#eventing/sealed';
import { replaceFields, replaceTexts } from './fields.js';
import { CustomerErased, type KeyVault, keyOf } from './key-vault.js';
import { openValue, sealValue, UnreadableSealed } from './sealed-value.js';

/** Where a sealed value belongs: it opens nowhere else. */
export interface Place {
  /** The customer it concerns, or the stream itself when it concerns none. */
  readonly owner: string;
  readonly stream: string;
}

/**
 * Seals personal fields before a command is decided and opens them for whoever may read them. A field is known
 * by its own name (`text` in `notes[].text`): that is what stays when a decider carries a value from a command
 * into an event and a state of other shapes.
 */
export class Sealer {
  /** @param vault with a cache in front of it (caching-key-vault.ts), because every value asks for its key */
  constructor(private readonly vault: KeyVault) {}

  /** Fetches or makes the keys of many owners in one visit to the vault; erased ones are left out. */
  async warm(owners: Iterable<string>): Promise<void> {
    await this.vault.keysFor([...new Set(owners)]);
  }

  /** @throws CustomerErased */
  async seal({ owner, stream }: Place, field: string, clear: string): Promise<Sealed> {
    return sealValue(await keyOf(this.vault, owner), stream, field, clear);
  }

  /** @throws CustomerErased, UnreadableSealed */
  async open({ owner, stream }: Place, field: string, sealed: string): Promise<string> {
    const key = (await this.vault.existingKeys([owner])).get(owner);
    if (key) return openValue(key, stream, field, sealed);
    if (await this.vault.isErased(owner)) throw new CustomerErased(owner);
    throw new UnreadableSealed('its owner has no key');
  }

  /** A copy with the texts at these paths sealed, whatever they look like. @throws CustomerErased */
  async sealFields<T>(data: T, paths: readonly string[], { owner, stream }: Place): Promise<T> {
    if (paths.length === 0) return data;
    const key = await keyOf(this.vault, owner);
    return replaceFields(data, paths, (field, clear) => sealValue(key, stream, field, clear));
  }

  /**
   * A copy with every sealed value opened; null stands for those of an erased owner. What is not of this place
   * stays as it is, because any caller can write a text that looks sealed into a field that is not personal.
   */
  async openFields<T>(data: T, { owner, stream }: Place): Promise<T> {
    const key = (await this.vault.existingKeys([owner])).get(owner);
    if (!key && !(await this.vault.isErased(owner))) return data;
    return replaceTexts(data, (field, text) => {
      if (!isSealed(text)) return text;
      if (!key) return null;
      try {
        return openValue(key, stream, field, text);
      } catch (error) {
        if (error instanceof UnreadableSealed) return text;
        throw error;
      }
    });
  }
}
