import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CustomerErased, type KeyVault, keyOf, type LookUp } from '#personal-data/key-vault';

/** One vault, empty at first. */
export interface VaultUnderTest {
  /** Another connection to it each time, as another process would have one. */
  open(): Promise<KeyVault>;
  tearDown(): Promise<void>;
}

/** What every adapter of the key vault must do. */
export const keyVaultContract = (adapter: string, setUp: () => Promise<VaultUnderTest>): void => {
  describe(`the key vault on ${adapter}`, () => {
    let underTest: VaultUnderTest;
    let vault: KeyVault;
    let opened: KeyVault[];
    const open = async () => {
      const another = await underTest.open();
      opened.push(another);
      return another;
    };
    beforeEach(async () => {
      opened = [];
      underTest = await setUp();
      vault = await open();
    });
    afterEach(async () => {
      for (const each of opened) await each.close();
      await underTest.tearDown();
    });

    const email = (owner: string, value: string): LookUp => ({ owner, kind: 'email', value });

    it('makes a key of 32 bytes for each owner, and the same one ever after', async () => {
      const made = await vault.keysFor(['ada', 'bob', 'ada']);
      expect([...made.keys()].sort()).toEqual(['ada', 'bob']);
      const [ada, bob] = [made.get('ada'), made.get('bob')];
      expect(ada?.secret).toHaveLength(32);
      expect(ada?.secret).not.toEqual(bob?.secret);
      expect(ada?.id).not.toBe(bob?.id);
      expect(ada?.id).toMatch(/^[\w-]+$/);
      expect((await vault.keysFor(['bob', 'carl', 'ada'])).get('ada')).toEqual(ada);
      const reopened = await open();
      expect(await reopened.existingKeys(['ada', 'bob'])).toEqual(made);
    });

    it('makes no key where one is only asked for', async () => {
      expect(await vault.existingKeys(['ada'])).toEqual(new Map());
      const key = await keyOf(vault, 'ada');
      expect(await vault.existingKeys(['ada', 'bob'])).toEqual(new Map([['ada', key]]));
    });

    it('keeps owners of any id apart', async () => {
      const owners = ['a', 'A', ' a', 'ä', 'a\u0308', "a'--", '张偉', 'complaint-1', 'x'.repeat(600)];
      const keys = await vault.keysFor(owners);
      expect(new Set([...keys.values()].map(({ id }) => id)).size).toBe(owners.length);
    });

    it('gives two who make the same key at the same time the same one', async () => {
      const other = await open();
      const owners = Array.from({ length: 50 }, (_, i) => `customer ${i}`);
      const all = await Promise.all(
        owners.flatMap((owner) => [vault, other, vault].map((each) => keyOf(each, owner))),
      );
      for (let i = 0; i < all.length; i += 3) {
        expect(all[i + 1]).toEqual(all[i]);
        expect(all[i + 2]).toEqual(all[i]);
      }
    });

    it('makes ten thousand keys at once', async () => {
      const owners = Array.from({ length: 10_000 }, (_, i) => `customer ${i}`);
      const keys = await vault.keysFor(owners);
      expect(keys.size).toBe(10_000);
      expect(await (await open()).existingKeys(owners)).toEqual(keys);
    });

    it('destroys the key of an erased owner and never makes another', async () => {
      await vault.keysFor(['ada', 'bob']);
      const other = await open();
      await vault.erase(['ada', 'never seen']);
      for (const each of [vault, other, await open()]) {
        expect(await each.isErased('ada')).toBe(true);
        expect(await each.isErased('never seen')).toBe(true);
        expect(await each.isErased('bob')).toBe(false);
        expect([...(await each.keysFor(['ada', 'bob', 'never seen'])).keys()]).toEqual(['bob']);
        expect([...(await each.existingKeys(['ada', 'bob'])).keys()]).toEqual(['bob']);
        await expect(keyOf(each, 'ada')).rejects.toThrow(CustomerErased);
        await expect(keyOf(each, 'ada')).rejects.toMatchObject({ kind: 'gone', code: 'customer-erased' });
      }
    });

    it('erases again, and nobody, without harm', async () => {
      await vault.keysFor(['ada', 'bob']);
      await vault.erase(['ada', 'ada']);
      await vault.erase(['ada', 'bob']);
      await vault.erase([]);
      expect(await vault.existingKeys(['ada', 'bob'])).toEqual(new Map());
    });

    it('leaves no key behind when it is made and erased at the same time', async () => {
      const other = await open();
      for (let i = 0; i < 20; i++) {
        const owner = `customer ${i}`;
        await Promise.all([other.keysFor([owner]), vault.erase([owner]), vault.keysFor([owner])]);
        expect(await other.existingKeys([owner])).toEqual(new Map());
      }
    });

    it('finds owners by what they can be looked up by', async () => {
      await vault.putLookUps([
        email('ada', 'ada@example.org'),
        { owner: 'ada', kind: 'phone', value: '+4930123456' },
        email('bob', 'bob@example.org'),
      ]);
      const other = await open();
      expect(await other.find('email', 'ada@example.org')).toEqual(['ada']);
      expect(await other.find('phone', '+4930123456')).toEqual(['ada']);
      expect(await other.find('email', '+4930123456')).toEqual([]);
      expect(await other.find('email', 'eve@example.org')).toEqual([]);
    });

    it('finds all owners of one address, each once', async () => {
      const home = [email('ada', 'home@example.org'), email('bob', 'home@example.org')];
      await vault.putLookUps(home);
      await vault.putLookUps(home);
      expect([...(await vault.find('email', 'home@example.org'))].sort()).toEqual(['ada', 'bob']);
      await vault.removeLookUps([email('ada', 'home@example.org'), email('eve', 'home@example.org')]);
      expect(await vault.find('email', 'home@example.org')).toEqual(['bob']);
    });

    it('finds nobody by an erased address, and keeps none of an erased owner', async () => {
      await vault.putLookUps([email('ada', 'ada@example.org'), email('bob', 'ada@example.org')]);
      await vault.erase(['ada']);
      expect(await vault.find('email', 'ada@example.org')).toEqual(['bob']);
      await vault.putLookUps([email('ada', 'ada@example.org'), email('carl', 'carl@example.org')]);
      expect(await vault.find('email', 'ada@example.org')).toEqual(['bob']);
      expect(await vault.find('email', 'carl@example.org')).toEqual(['carl']);
    });
  });
};
