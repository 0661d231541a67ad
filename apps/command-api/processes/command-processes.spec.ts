import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { LaunchCampaign, PlanCampaign } from '#crm/campaign/campaign-types';
import type { EraseCustomer, MergeCustomer } from '#crm/customer/customer-types';
import { openPostgresCheckpoints } from '#event-store/postgres/checkpoints';
import { openSharedKeyVault } from '#personal-data/postgres/shared-key-vault';
import { Sealer } from '#personal-data/sealer';
import { postgresLeadership } from '#postgres/leadership';
import {
  eventsOf,
  newFolder,
  openStoresWithWarehouse,
  outside,
  removeFolder,
  until,
} from '#test/support/process-stores';
import { describeWithPostgres } from '#test/support/servers/postgres';
import { testPostgres } from '#test/support/test-postgres';
import { ReadOnlyWarehouse } from '#warehouse/read-only';
import { type CommandProcesses, startCommandProcesses } from './command-processes.js';
import { commandSender, type Send } from './send.js';

const masterKey = Buffer.alloc(32, 1).toString('base64');
const TABLES = ['master_key', 'keys', 'look_ups', 'tombstones', 'checkpoints'];

describeWithPostgres('command processes on a vault that they share', () => {
  const database = testPostgres();
  const folder = newFolder();
  let stores: Awaited<ReturnType<typeof openStoresWithWarehouse>>;
  let segments: ReadOnlyWarehouse;
  let send: Send;
  let stopping: (() => Promise<void>)[];
  beforeAll(async () => {
    stores = await openStoresWithWarehouse(folder);
    send = commandSender(stores.store, stores.upcasters);
    const limits = { maxMemoryBytes: 1024 ** 3, maxSeconds: 10, maxRows: 1_000_000 };
    segments = new ReadOnlyWarehouse(stores.warehouse, limits);
  });
  beforeEach(() => {
    stopping = [];
  });
  afterEach(async () => {
    for (const stop of stopping.reverse()) await stop();
    await database.clear();
  });
  afterAll(async () => {
    await stores.close();
    removeFolder(folder);
  });

  /** Everything that a process of its own would open of PostgreSQL, and its background work. */
  const start = async (landed = stores.landed) => {
    const postgres = await database.open();
    const vault = await openSharedKeyVault({ postgres, masterKey });
    const processes = await startCommandProcesses({
      ...stores,
      vault,
      checkpoints: await openPostgresCheckpoints(postgres),
      leadership: postgresLeadership(postgres, 'spec', { everyMs: 20 }),
      segments,
      landed,
    });
    const stop = async () => {
      await processes.stop();
      await vault.close();
    };
    stopping.push(stop);
    return { postgres, vault, processes, stop };
  };
  type Started = Awaited<ReturnType<typeof start>>;
  const stateOf = async (processes: CommandProcesses) => (await processes.status()).state;
  const caughtUp = (processes: CommandProcesses) =>
    until('caught up', async () => {
      const { state, lag } = await processes.status();
      return state === 'running' && lag === 0;
    });

  const register = async ({ vault }: Started, customerId: string) => {
    const stream = `customer-${customerId}`;
    const name = await new Sealer(vault).seal({ owner: customerId, stream }, 'name', `Name of ${customerId}`);
    await vault.putLookUps([{ owner: customerId, kind: 'email', value: `${customerId}@example.com` }]);
    await send(outside('RegisterCustomer', { customerId, name }));
  };
  const nameOf = async ({ vault }: Started, customerId: string): Promise<unknown> => {
    const stream = `customer-${customerId}`;
    const [registered] = await eventsOf(stores, stream);
    const data = await new Sealer(vault).openFields(registered?.data, { owner: customerId, stream });
    return (data as { name: unknown }).name;
  };

  it('erases before it serves whom a restored vault has forgotten to be erased, and nobody else', async () => {
    const one = await start();
    for (const id of ['ada', 'bob', 'bobby', 'eve', 'dan']) await register(one, id);
    const merge = outside<MergeCustomer>('MergeCustomer', {
      customerId: 'bobby',
      into: 'bob',
      reason: 'duplicate',
    });
    await one.processes.complete(merge, await send(merge));
    const erase = async (customerId: string) => {
      const command = outside<EraseCustomer>('EraseCustomer', { customerId, reason: 'requested' });
      await one.processes.complete(command, await send(command));
    };
    await erase('dan');
    await caughtUp(one.processes);

    await one.postgres.query('CREATE SCHEMA backup');
    for (const table of TABLES)
      await one.postgres.query(`CREATE TABLE backup.${table} AS TABLE perennial.${table}`);
    await erase('ada');
    await erase('bob');
    await caughtUp(one.processes);
    await one.stop();
    for (const table of TABLES) {
      await one.postgres.query(`TRUNCATE perennial.${table}`);
      await one.postgres.query(`INSERT INTO perennial.${table} TABLE backup.${table}`);
    }
    await one.postgres.query('DROP SCHEMA backup CASCADE');
    const { rows } = await one.postgres.query('SELECT owner FROM perennial.keys ORDER BY owner');
    expect(rows).toEqual(['ada', 'bob', 'bobby', 'eve'].map((owner) => ({ owner })));

    // Somebody else leads, and is at something else: whoever starts does not rely on that.
    const hold = new AbortController();
    const term = await postgresLeadership(await database.open(), 'spec').acquire(hold.signal);
    const two = await start();
    expect(await stateOf(two.processes)).toBe('standby');
    for (const id of ['ada', 'bob', 'bobby', 'dan']) {
      expect(await two.vault.isErased(id)).toBe(true);
      expect(await nameOf(two, id)).toBeNull();
      expect(await two.vault.find('email', `${id}@example.com`)).toEqual([]);
    }
    expect(await nameOf(two, 'eve')).toBe('Name of eve');
    expect(await two.vault.find('email', 'eve@example.com')).toEqual(['eve']);
    await term?.end();
    await caughtUp(two.processes);
  });

  it('tell of a launch that it is elsewhere when they stand by, and how it ended', async () => {
    let lands = false;
    const leader = await start(async (position, ms) => {
      await delay(10);
      return lands && stores.landed(position, ms);
    });
    await until('it leads', async () => (await stateOf(leader.processes)) === 'running');
    const standby = await start();
    const campaignId = 'shared';
    const plan = { campaignId, name: 'Spring', goal: 'sell', phase: 'retention', channel: 'email' } as const;
    await send(outside<PlanCampaign>('PlanCampaign', plan));
    const sql = 'SELECT toString(number) AS customer_id FROM numbers(3)';
    await send(outside<LaunchCampaign>('LaunchCampaign', { campaignId, segment: { sql, position: 0 } }));
    const phases = () =>
      Promise.all(
        [leader, standby].map(async ({ processes }) => (await processes.launchStatusOf(campaignId))?.phase),
      );
    await until('it waits', async () => (await phases())[0] === 'waiting-for-warehouse');
    expect(await phases()).toEqual(['waiting-for-warehouse', 'elsewhere']);
    expect([leader, standby].map(({ processes }) => processes.launches().length)).toEqual([1, 0]);
    expect(await stateOf(standby.processes)).toBe('standby');

    // The leader stops in the middle of it; the next one finishes.
    await leader.stop();
    lands = true;
    await until('it is done', async () => (await phases())[1] === 'frozen');
    expect(await standby.processes.launchStatusOf(campaignId)).toMatchObject({ assigned: 3, count: 3 });
  });
});
