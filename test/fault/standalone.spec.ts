import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '#eventing/event';
import { randomFrom } from '#statistics/random';
import { openWarehouse } from '#warehouse/warehouse';
import { checkCommands, checkProcesses, type Finding } from './standalone-checker.js';
import { type Acknowledged, Client } from './standalone-client.js';
import { checkSettled, checkWarehouse, readEvents } from './standalone-read-back.js';
import { KilledServer } from './standalone-server.js';
import { Storyteller } from './standalone-stories.js';

// The whole server under load, killed at random moments and started again; then everything is read back. So many kills
// as FAULTS says, at the moments that SEED says: docs/reliability.md.

const KILLS = Number(process.env.FAULTS ?? 12);
const SEED = Number(process.env.SEED ?? 20_260_101);
const TIMEOUT_MS = 240_000 + KILLS * 30_000;
const SINGLE_CLIENTS = 5;
const BATCH_CLIENTS = 2;
const SETTLING_MS = 120_000;

describe(`a server that is killed ${KILLS} times under load (seed ${SEED})`, () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  const dir = join(root, 'data');
  const random = randomFrom(SEED);
  const server = new KilledServer(dir, random);
  const clients = Array.from(
    { length: SINGLE_CLIENTS + BATCH_CLIENTS },
    (_, i) =>
      new Client(
        `client${i}`,
        server,
        new Storyteller(`client${i}`, randomFrom(SEED + i)),
        randomFrom(SEED - 1 - i),
      ),
  );
  let acknowledged: Acknowledged[];
  let events: RecordedEvent[];

  beforeAll(async () => {
    const started = performance.now();
    let goesOn = true;
    const sending = Promise.all(
      clients.map((client, i) =>
        i < SINGLE_CLIENTS ? client.sendSingly(() => goesOn) : client.sendBatches(() => goesOn),
      ),
    );
    const killing = (async () => {
      while (server.kills < KILLS) await server.liveAndDie();
      goesOn = false;
      await server.live();
    })();
    await Promise.all([sending, killing]);
    await settled(server);
    await server.stop();
    acknowledged = clients.flatMap((client) => client.acknowledged);
    events = await readEvents(dir);
    const resent = clients.reduce((sum, client) => sum + client.resent, 0);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    process.stdout.write(
      `seed ${SEED}: ${server.kills} kills, ${acknowledged.length} acknowledgements, ${resent} commands sent again, ` +
        `${events.length} events, ${seconds} s\n`,
    );
  }, TIMEOUT_MS);

  afterAll(async () => {
    await server.end();
    rmSync(root, { recursive: true });
  });

  it('refuses no command that is sent again', () => {
    expect(clients.flatMap(({ unexpected }) => unexpected).slice(0, 5)).toEqual([]);
  });

  it('was really disturbed', () => {
    expect(server.kills).toBe(KILLS);
    expect(acknowledged.length).toBeGreaterThan(5 * KILLS);
    expect(clients.some(({ resent }) => resent > 0)).toBe(true);
    const types = new Set(events.map(({ type }) => type));
    for (const type of ['CustomerMergeCompleted', 'CustomerErased', 'AudienceFrozen', 'TouchSent'])
      expect(types).toContain(type);
  });

  it('has every acknowledged command in the event store, once and in order', () => {
    expect(checkCommands(acknowledged, events)).toEqual([]);
  });

  it(
    'shows every event in the warehouse, in every table and in every view, once',
    async () => {
      expect(await checkWarehouse(dir, events)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('leaves nobody half merged, half erased or half launched', async () => {
    expect(await checkSettled(dir, events)).toEqual([]);
  });

  describe('the checker', () => {
    const kinds = (found: readonly Finding[]) => new Set(found.map(({ kind }) => kind));
    /** The only event of its stream. */
    const purchase = () =>
      events.findLast(
        ({ type, stream }) =>
          type === 'PurchaseRecorded' && events.filter((event) => event.stream === stream).length === 1,
      ) as RecordedEvent;

    it('sees an event that is lost from the event store', () => {
      const lost = events.filter((event) => event !== purchase());
      expect(kinds(checkCommands(acknowledged, lost))).toContain('lost');
    });

    it('sees an event that is there twice, or that nobody sent', () => {
      const head = events.length;
      expect(
        kinds(checkCommands(acknowledged, [...events, { ...purchase(), position: head + 1 }])),
      ).toContain('doubled');
      const again = { ...purchase(), id: 'another', revision: 1, position: head + 1 };
      expect(kinds(checkCommands(acknowledged, [...events, again]))).toEqual(new Set(['doubled', 'moved']));
      const foreign = { ...again, metadata: { ...again.metadata, commandId: 'nobody' } };
      expect(kinds(checkCommands(acknowledged, [...events, foreign]))).toEqual(new Set(['foreign']));
    });

    it('sees events of one customer that changed places', () => {
      const { position, metadata } = events.findLast(
        ({ type, metadata }) => type === 'PurchaseRecorded' && metadata.customerId !== null,
      ) as RecordedEvent;
      const first = events.find(({ metadata: { customerId } }) => customerId === metadata.customerId);
      const places = new Map([
        [position, first?.position as number],
        [first?.position as number, position],
      ]);
      const exchanged = events.map((event) => ({
        ...event,
        position: places.get(event.position) ?? event.position,
      }));
      expect(kinds(checkCommands(acknowledged, exchanged))).toContain('out of order');
    });

    it('sees what is half done', () => {
      const vault = { tombstones: new Set<string>(), keys: new Set<string>() };
      const found = checkProcesses(
        events.filter(({ type }) => type !== 'CustomerMergeCompleted' && type !== 'AudienceFrozen'),
        vault,
      ).map(({ what }) => what);
      for (const what of [/still waits for/, /thinks it is merged/, /not in the vault/, /undefined frozen/])
        expect(found).toContainEqual(expect.stringMatching(what));
    });

    it(
      'sees in the warehouse what is lost and what is doubled there',
      async () => {
        const copy = join(root, 'copy');
        cpSync(dir, copy, { recursive: true });
        const { position } = purchase();
        await change(copy, [
          `INSERT INTO crm.events SELECT * FROM crm.events WHERE position = ${position}`,
          'ALTER TABLE crm.interactions_v1 DELETE WHERE position = (SELECT min(position) FROM crm.interactions_v1) SETTINGS mutations_sync = 1',
        ]);
        const found = (await checkWarehouse(copy, events)).map(({ kind, what }) => `${kind} ${what}`);
        for (const what of [
          /^doubled verify/,
          /^doubled events: /,
          /^doubled purchases: /,
          /^doubled purchase_lines: /,
          /^lost interactions: /,
          /^lost interactions has \d+ rows/,
        ])
          expect(found).toContainEqual(expect.stringMatching(what));
        await change(copy, [
          `ALTER TABLE crm.events DELETE WHERE position = ${position} SETTINGS mutations_sync = 1`,
        ]);
        const lost = (await checkWarehouse(copy, events)).map(({ kind, what }) => `${kind} ${what}`);
        expect(lost).toContainEqual(expect.stringMatching(/^lost verify/));
        expect(lost).toContainEqual(expect.stringMatching(/^lost events: /));
      },
      TIMEOUT_MS,
    );
  });
});

const change = async (dir: string, statements: readonly string[]): Promise<void> => {
  const warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
  for (const statement of statements) await warehouse.command(statement);
  await warehouse.close();
};

/** All events have landed. What goes on over several streams has ended before its command was acknowledged. */
const settled = async (server: KilledServer): Promise<void> => {
  const deadline = Date.now() + SETTLING_MS;
  for (;;) {
    const response = await fetch(`${await server.url()}/v1/admin/projections`);
    const { freshness } = (await response.json()) as { freshness: { lagEvents: number } };
    if (freshness.lagEvents === 0) return;
    if (Date.now() > deadline) throw new Error(`${freshness.lagEvents} events have not landed`);
    await delay(50);
  }
};
