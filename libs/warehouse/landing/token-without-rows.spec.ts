import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { eventLine } from '#test/support/event-line';
import { liveVersion } from '#test/support/live-version';
import { MemoryStream } from '#test/support/memory-stream';
import { noProjector } from '../boundary.js';
import { record, versions } from '../projection-ledger.js';
import type { Warehouse } from '../warehouse.js';
import { Claims } from './claims.js';
import { Holds } from './holds.js';
import { Lander } from './lander.js';
import { Landing } from './landing.js';
import { LandingWriter } from './landing-writer.js';
import { Lane } from './lane.js';
import { Patience } from './patience.js';
import { presentOffsets } from './present.js';
import { Repairs } from './repairs.js';
import { batchOf } from './rows.js';

const EVENTS = 10;
const DEADLINE = 25_000;
const log = createLogger('silent');
const records = Array.from({ length: EVENTS }, (_, i) => ({ offset: i, line: eventLine(i), checked: false }));
const live = liveVersion('sales');

/**
 * A server that is killed between an insert's token and its rows remembers the one without the other. Here it is the
 * embedded engine, and the rows are deleted afterwards, which leaves the same behind.
 */
const asServer = (warehouse: Warehouse): Warehouse =>
  Object.create(warehouse, { mayLackRows: { value: true } });

describe('where the engine has the token of an insert, but not its rows,', () => {
  const running: { stop(): Promise<unknown> }[] = [];
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = asServer(opened);
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  const forget = (table: string, condition: string) =>
    warehouse.command(`ALTER TABLE crm.${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 2`);
  const land = async (stream: MemoryStream) => {
    const landing = new Landing({ stream, warehouse, log, writer: 'test' });
    running.push(landing);
    expect(await landing.waitFor(stream.appended - 1, DEADLINE)).toBe(true);
    return landing;
  };
  const stream = () => {
    const made = new MemoryStream();
    for (let i = 0; i < EVENTS; i++) made.append(eventLine(i));
    return made;
  };
  /** One who lands all events as one batch, step by step. */
  const writer = (name: string, changed: Partial<Warehouse> = {}) => {
    const connection: Warehouse = Object.assign(asServer(warehouse), changed);
    const claims = new Claims(connection, name);
    const patience = new Patience(log, new AbortController().signal, () => {});
    const lander = new Lander(connection, claims, log, patience, () => {});
    return {
      lane: async () => {
        const lane = new Lane(0, 1, await claims.load(0), 0, { records: 100, bytes: 1_000_000 });
        lane.add({ partition: 0, generation: 1, first: 0, last: EVENTS - 1, records, recordedAt: 0 });
        return lane;
      },
      advance: (lane: Lane) => lander.advance(lane, () => true),
    };
  };
  const counts = async () =>
    (await warehouse.rows('SELECT count() AS rows, uniqExact(offset) AS events FROM crm.events'))[0];
  const once = { rows: EVENTS, events: EVENTS };

  it('a claim that is landed again is there, and the projections that may lack it are told', async () => {
    await record(warehouse, live);
    await warehouse.command(
      'CREATE MATERIALIZED VIEW crm.sales_v1_feed ENGINE = MergeTree ORDER BY offset AS SELECT offset FROM crm.events',
    );
    await (await land(stream())).stop();
    await forget('claims', "state = 'landed'");
    await forget('events', 'offset < 7');
    await land(stream());
    expect(await counts()).toEqual(once);
    expect(await versions(warehouse)).toMatchObject([{ state: 'needs rebuild' }]);
  });

  it('a claim that is landed again and was there leaves the projections alone', async () => {
    await record(warehouse, live);
    await (await land(stream())).stop();
    await forget('claims', "state = 'landed'");
    await land(stream());
    expect(await counts()).toEqual(once);
    expect(await versions(warehouse)).toMatchObject([{ state: 'live' }]);
  });

  it('also whoever has just claimed it, and slept while another began to land it, looks whether it is there', async () => {
    const [sleeper, other] = [writer('sleeper'), writer('other')];
    const lane = await sleeper.lane();
    await sleeper.advance(lane);
    expect(lane.state).toMatchObject({ is: 'claimed' });
    await other.advance(await other.lane());
    await forget('events', '1');
    await sleeper.advance(lane);
    expect(await counts()).toEqual(once);
  });

  it('whoever is killed after he has landed it under another token has told the projections', async () => {
    await record(warehouse, live);
    await (await land(stream())).stop();
    await forget('claims', "state = 'landed'");
    await forget('events', '1');
    const killed = writer('killed', {
      insertLines: async (table, lines, settings) => {
        await warehouse.insertLines(table, lines, settings);
        if (settings?.insert_deduplication_token === 'claim-0-0-again') throw new Error('killed');
      },
    });
    await expect(killed.advance(await killed.lane())).rejects.toThrow('killed');
    expect(await counts()).toEqual(once);
    await land(stream());
    expect(await counts()).toEqual(once);
    expect(await versions(warehouse)).toMatchObject([{ state: 'needs rebuild' }]);
  });

  it('a place in the chain is claimed all the same, by one', async () => {
    const claims = new Claims(warehouse, 'killed');
    await claims.put(0, { first: 0, last: 4, records: 5 }, 0);
    await forget('claims', '1');
    const [one, other] = [new Claims(warehouse, 'one'), new Claims(warehouse, 'other')];
    const claim = { first: 0, last: 6, records: 7 };
    expect(await one.put(0, claim, 0)).toMatchObject({ is: 'claimed', claim });
    expect(await other.put(0, { ...claim, last: 9 }, 0)).toMatchObject({
      is: 'claimed',
      claim,
    });
    await land(stream());
    expect(await counts()).toEqual(once);
  });

  it('twice at one place, a partition stops and says so', async () => {
    const claims = new Claims(warehouse, 'killed');
    const claim = { first: 0, last: 4, records: 5 };
    for (const _ of ['token', 'the other']) {
      await claims.put(0, claim, 0);
      await forget('claims', '1');
    }
    await expect(claims.put(0, claim, 0)).rejects.toThrow(
      /Partition 0 cannot be landed.*has no rows of them/,
    );
  });

  it('landing is paused all the same', async () => {
    await new Claims(warehouse, 'killed').put(0, { first: 0, last: 4, records: 5 }, 0);
    await forget('claims', '1');
    const holds = new Holds({ warehouse, holder: 'test', partitions: async () => [0], log });
    await holds.pause();
    expect(await new Claims(warehouse, 'one').put(0, { first: 0, last: 4, records: 5 }, 0)).toMatchObject({
      is: 'held',
    });
    await holds.resume();
    await land(stream());
    expect(await counts()).toEqual(once);
  });

  it('a hold that nobody prolongs is released all the same', async () => {
    const holds = new Holds({ warehouse, holder: 'test', partitions: async () => [0], log });
    await holds.pause();
    const claims = new Claims(warehouse, 'one');
    await claims.release(0, 0, 0);
    await forget('claims', "state = 'released'");
    await claims.release(0, 0, 0);
    expect(await claims.load(0)).toMatchObject({ is: 'landed', next: 0, turn: 1 });
    await expect(holds.resume()).rejects.toMatchObject({ code: 'pause-lost' });
  });

  it('the ledger of projections takes what is decided next', async () => {
    await record(warehouse, live);
    await forget('projections', '1');
    await record(warehouse, { ...live, reason: 'decided anew' });
    expect(await versions(warehouse)).toMatchObject([{ reason: 'decided anew' }]);
  });

  it('a repair is announced all the same', async () => {
    await (await land(stream())).stop();
    const repair = async () => {
      await forget('events', 'offset IN (3, 4)');
      const writer = new LandingWriter(warehouse, log);
      const repairs = new Repairs(warehouse, writer, 'refill', async (partition, rows) =>
        batchOf(
          partition,
          rows.map(({ offset }) => ({ offset, line: eventLine(offset), checked: false })),
        ),
      );
      return repairs.repair(noProjector(warehouse), async () => {
        const there = await presentOffsets(warehouse, 0, { first: 0, last: EVENTS }, 'events');
        const rows = [3, 4].filter((offset) => !there.has(offset)).map((offset) => ({ offset }));
        return rows.length > 0 ? [{ partition: 0, rows }] : [];
      });
    };
    expect(await repair()).toBe(2);
    await forget('repairs', '1');
    await repair();
    expect(await counts()).toEqual(once);
  });
});
