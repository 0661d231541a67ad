import type { KeyVault, LookUp, LookUpKind, OwnerKey } from './key-vault.js';

export interface KeyCacheOptions {
  /** Most keys held at a time. */
  readonly entries?: number;
  /** How long a key is used without asking the vault: by then every process has noticed an erasure elsewhere. */
  readonly maxAgeMs?: number;
  readonly now?: () => number;
}

interface Entry {
  readonly key: OwnerKey;
  readonly expiresAt: number;
}

/** A vault that remembers the keys last used; what is erased through it is forgotten at once. */
export class CachingKeyVault implements KeyVault {
  /** The least recently used first. */
  private readonly cache = new Map<string, Entry>();
  private readonly entries: number;
  private readonly maxAgeMs: number;
  private readonly now: () => number;
  /** Keys read before an erasure are not cached after it. */
  private erasures = 0;

  constructor(
    private readonly vault: KeyVault,
    { entries = 20_000, maxAgeMs = 60_000, now = Date.now }: KeyCacheOptions = {},
  ) {
    this.entries = entries;
    this.maxAgeMs = maxAgeMs;
    this.now = now;
  }

  keysFor(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>> {
    return this.through(owners, (missing) => this.vault.keysFor(missing));
  }

  existingKeys(owners: readonly string[]): Promise<ReadonlyMap<string, OwnerKey>> {
    return this.through(owners, (missing) => this.vault.existingKeys(missing));
  }

  async erase(owners: readonly string[]): Promise<void> {
    this.forget(owners);
    try {
      await this.vault.erase(owners);
    } finally {
      this.forget(owners);
    }
  }

  isErased(owner: string): Promise<boolean> {
    return this.vault.isErased(owner);
  }

  putLookUps(lookUps: readonly LookUp[]): Promise<void> {
    return this.vault.putLookUps(lookUps);
  }

  removeLookUps(lookUps: readonly LookUp[]): Promise<void> {
    return this.vault.removeLookUps(lookUps);
  }

  find(kind: LookUpKind, value: string): Promise<readonly string[]> {
    return this.vault.find(kind, value);
  }

  /** To be called when they were erased elsewhere. */
  forget(owners: readonly string[]): void {
    this.erasures++;
    for (const owner of owners) this.cache.delete(owner);
  }

  /** To be called when erasures elsewhere may have been missed. */
  forgetAll(): void {
    this.erasures++;
    this.cache.clear();
  }

  async close(): Promise<void> {
    this.cache.clear();
    await this.vault.close();
  }

  private async through(
    owners: readonly string[],
    load: (missing: readonly string[]) => Promise<ReadonlyMap<string, OwnerKey>>,
  ): Promise<ReadonlyMap<string, OwnerKey>> {
    const keys = new Map<string, OwnerKey>();
    const missing: string[] = [];
    for (const owner of owners) {
      const key = this.cached(owner);
      if (key) keys.set(owner, key);
      else missing.push(owner);
    }
    if (missing.length === 0) return keys;
    const erasures = this.erasures;
    const expiresAt = this.now() + this.maxAgeMs;
    for (const [owner, key] of await load(missing)) {
      keys.set(owner, key);
      if (erasures === this.erasures) this.remember(owner, { key, expiresAt });
    }
    return keys;
  }

  private cached(owner: string): OwnerKey | undefined {
    const entry = this.cache.get(owner);
    if (!entry) return undefined;
    this.cache.delete(owner);
    if (entry.expiresAt <= this.now()) return undefined;
    this.cache.set(owner, entry);
    return entry.key;
  }

  private remember(owner: string, entry: Entry): void {
    this.cache.delete(owner);
    this.cache.set(owner, entry);
    if (this.cache.size <= this.entries) return;
    const [oldest] = this.cache.keys();
    this.cache.delete(oldest as string);
  }
}
