import { describe, expect, it } from '@jest/globals';
import { sameContent } from '#eventing/same-content';
import { fingerprintOf, isSealed } from '#eventing/sealed';
import type { OwnerKey } from '#personal-data/key-vault';
import { openValue, sealValue, UnreadableSealed } from '#personal-data/sealed-value';

const keyOf = (byte: number, id = `key${byte}`): OwnerKey => ({
  id,
  version: 1,
  secret: Buffer.alloc(32, byte),
});
const ada = keyOf(1);
const bob = keyOf(2);
const STREAM = 'customer-ada';

describe('a sealed value', () => {
  it('opens under its key, in its stream and as its field', () => {
    for (const clear of ['Ada Lovelace', '', 'Zoë 🙂 張偉', 'x'.repeat(100_000), 'sealed.1.a.1.b.c'])
      expect(openValue(ada, STREAM, 'name', sealValue(ada, STREAM, 'name', clear))).toBe(clear);
  });

  it('has the form that the eventing library knows, and shows nothing of the text', () => {
    const sealed = sealValue(ada, STREAM, 'name', 'Ada Lovelace');
    expect(isSealed(sealed)).toBe(true);
    expect(sealed).toMatch(/^sealed\.1\.key1\.1\.[\w-]{22}\.[\w-]+$/);
    expect(Buffer.from(sealed.split('.')[5] as string, 'base64url').includes('Ada')).toBe(false);
  });

  it('does not open when it was moved to another stream, field or owner, or touched', () => {
    const sealed = sealValue(ada, STREAM, 'name', 'Ada');
    const opening = [
      () => openValue(ada, 'customer-bob', 'name', sealed),
      () => openValue(ada, STREAM, 'email', sealed),
      () => openValue(bob, STREAM, 'name', sealed),
      () => openValue({ ...bob, id: ada.id }, STREAM, 'name', sealed),
      () =>
        openValue(
          ada,
          STREAM,
          'name',
          sealed.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
        ),
      () => openValue(ada, STREAM, 'name', sealed.replace(/\.1\.[\w-]{22}\./, `.1.${'A'.repeat(22)}.`)),
      () => openValue(ada, STREAM, 'name', 'sealed.1.key1.1.x.y'),
      () => openValue(ada, STREAM, 'name', 'Ada'),
    ];
    for (const open of opening) expect(open).toThrow(UnreadableSealed);
  });

  it('never looks the same twice, but its fingerprint does, in any stream', () => {
    const once = sealValue(ada, STREAM, 'email', 'ada@example.org');
    const again = sealValue(ada, 'complaint-1', 'email', 'ada@example.org');
    expect(again).not.toBe(once);
    expect(fingerprintOf(again)).toBe(fingerprintOf(once));
    expect(sameContent({ email: once }, { email: again })).toBe(true);
  });

  it('has another fingerprint for another text, field or owner', () => {
    const prints = [
      sealValue(ada, STREAM, 'email', 'ada@example.org'),
      sealValue(ada, STREAM, 'email', 'Ada@example.org'),
      sealValue(ada, STREAM, 'name', 'ada@example.org'),
      sealValue({ ...bob, id: ada.id }, STREAM, 'email', 'ada@example.org'),
    ].map(fingerprintOf);
    expect(new Set(prints).size).toBe(prints.length);
  });
});
