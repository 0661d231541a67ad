import { beforeEach, describe, expect, it } from '@jest/globals';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { until } from '#test/support/process-stores';
import type { Warehouse } from '../warehouse.js';
import { pruneClaims } from './claim-pruning.js';
import { Claims } from './claims.js';

/** Instead of 100,000: what is kept is counted in it. */
const WINDOW = 10;
const LATER = 3 * WINDOW;

describe('claims that nobody asks for any more', () => {
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });

  beforeEach(async () => {
    await warehouse.command(
      `ALTER TABLE crm.claims MODIFY SETTING non_replicated_deduplication_window = ${WINDOW}`,
    );
  });

  const writer = (name: string) => new Claims(warehouse, name, WINDOW);
  /** Ten offsets each. */
  const batch = (number: number) => ({ first: 10 * number, last: 10 * number + 9, records: 10 });
  const land = async (claims: Claims, partition: number, from: number, count: number) => {
    for (let number = from; number < from + count; number++) {
      const state = await claims.put(partition, batch(number), 0);
      expect(state).toMatchObject({ is: 'claimed', claim: batch(number) });
      claims.noteLanded(partition, batch(number));
    }
    await claims.flush();
  };
  const prune = async () => {
    await pruneClaims(warehouse, { window: WINDOW, lastOfEach: 2 });
    await until('the engine has removed them', async () => {
      const open = await warehouse.rows('SELECT 1 FROM system.mutations WHERE NOT is_done');
      return open.length === 0;
    });
  };
  const claimed = (partition: number) =>
    warehouse
      .rows<{ first: number }>(
        `SELECT DISTINCT first FROM crm.claims WHERE partition = ${partition} AND state = 'claimed' ORDER BY first`,
      )
      .then((rows) => rows.map(({ first }) => first / 10));
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  it('go; the newest ones, and the last ones of each partition, stay, and landing goes on from them', async () => {
    const claims = writer('one');
    await land(claims, 1, 0, 5);
    await land(claims, 0, 0, LATER);
    const before = [await writer('two').load(0), await writer('two').load(1)];
    await prune();
    expect(await claimed(0)).toEqual(range(LATER - 2 * WINDOW, LATER));
    expect(await claimed(1)).toEqual([3, 4]);
    expect([await writer('two').load(0), await writer('two').load(1)]).toEqual(before);
    expect(before).toEqual([
      { is: 'landed', next: 10 * LATER, turn: 0 },
      { is: 'landed', next: 50, turn: 0 },
    ]);
    await land(writer('three'), 0, LATER, 1);
    await prune();
    expect(await claimed(0)).toEqual(range(LATER + 1 - 2 * WINDOW, LATER + 1));
  });

  it('stay as long as there are few', async () => {
    await land(writer('one'), 0, 0, 2 * WINDOW - 1);
    await prune();
    expect(await claimed(0)).toEqual(range(0, 2 * WINDOW - 1));
  });

  it.each(['remembers', 'forgot'])(
    'let nobody in who slept until they were gone, when the engine %s its token',
    async (memory) => {
      const sleeper = writer('sleeper');
      await land(sleeper, 0, 0, 2);
      const found = await sleeper.load(0);
      expect(found).toMatchObject({ is: 'landed', next: 20 });
      if (memory === 'remembers')
        await warehouse.command(
          'ALTER TABLE crm.claims MODIFY SETTING non_replicated_deduplication_window = 1000',
        );
      const successor = writer('successor');
      await land(successor, 0, 2, LATER);
      await prune();
      expect((await claimed(0))[0]).toBeGreaterThan(2);
      const now = { is: 'landed', next: 10 * (2 + LATER), turn: 0 };
      // It takes more than its successor took: landing that would double events.
      expect(await sleeper.put(0, { first: 20, last: 49, records: 30 }, 0)).toEqual(now);
      expect((await claimed(0)).includes(2)).toBe(memory === 'forgot');
      expect(await writer('other').load(0)).toEqual(now);
    },
  );

  it('are still counted where the age of a claim that is open matters', async () => {
    const claims = writer('one');
    await land(claims, 1, 0, 2);
    await claims.put(1, batch(2), 0); // whoever made it is gone
    await land(claims, 0, 0, LATER);
    expect(await writer('two').load(1)).toMatchObject({ is: 'claimed', claim: batch(2), old: true });
    await prune();
    expect(await writer('two').load(1)).toMatchObject({ is: 'claimed', claim: batch(2), old: true });
  });

  it('leave holds and who released them', async () => {
    await warehouse.command(
      `INSERT INTO crm.claims (partition, first, last, state, writer) VALUES (0, 0, 0, 'held', 'a'), (0, 0, 0, 'released', 'b')`,
    );
    await land(writer('one'), 0, 0, LATER);
    await prune();
    expect((await claimed(0))[0]).toBeGreaterThan(0);
    expect(
      await warehouse.rows(
        "SELECT writer FROM crm.claims WHERE state IN ('held', 'released') ORDER BY writer",
      ),
    ).toEqual([{ writer: 'a' }, { writer: 'b' }]);
  });
});
