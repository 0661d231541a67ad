import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assignArm } from '#crm/campaign/assign-arm';
import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import type {
  CampaignLaunchedData,
  EndCampaign,
  LaunchCampaign,
  PlanCampaign,
  PlanCampaignData,
} from '#crm/campaign/campaign-types';
import type { MemberAssignedData } from '#crm/campaign-member/campaign-member-types';
import type { Command } from '#eventing/decider';
import type { RecordedEvent } from '#eventing/event';
import { EventStoreUnavailable } from '#eventing/event-store';
import {
  Crash,
  dyingAfter,
  eventsOf,
  newFolder,
  openStoresWithWarehouse,
  outside,
  removeFolder,
  typesOf,
  until,
} from '#test/support/process-stores';
import { ReadOnlyWarehouse } from '#warehouse/read-only';
import { ProcessRunner } from '../process-runner.js';
import { commandSender, type Send } from '../send.js';
import type { LaunchTools } from './campaign-launch.js';
import { CampaignLaunches, launchStatusOf } from './campaign-launches.js';
import type { SegmentReader } from './segment.js';

const arms = [
  { name: 'letter', share: 0.5 },
  { name: 'voucher', share: 0.5 },
];
const LAUNCH_DAY = { businessDate: '2024-04-02', occurredAt: '2024-04-02T08:00:00.000Z' };
const SEGMENT =
  'SELECT concat(prefix, toString(n)) AS customer_id FROM crm.spec_segment ARRAY JOIN range(size) AS n';

describe('the launch of a campaign', () => {
  const folder = newFolder();
  let stores: Awaited<ReturnType<typeof openStoresWithWarehouse>>;
  let send: Send;
  let segments: SegmentReader;
  let names = 0;
  beforeAll(async () => {
    stores = await openStoresWithWarehouse(folder);
    send = commandSender(stores.store, stores.upcasters);
    const limits = { maxMemoryBytes: 1024 ** 3, maxSeconds: 10, maxRows: 1_000_000 };
    segments = new ReadOnlyWarehouse(stores.warehouse, limits);
    await stores.warehouse.command(
      'CREATE TABLE crm.spec_segment (prefix String, size UInt64) ENGINE = MergeTree ORDER BY tuple()',
    );
  });
  afterAll(async () => {
    await stores.close();
    removeFolder(folder);
  });

  /** Whom SEGMENT names from now on. */
  const segmentIs = async (prefix: string, size: number) => {
    await stores.warehouse.command('TRUNCATE TABLE crm.spec_segment');
    await stores.warehouse.command('INSERT INTO crm.spec_segment VALUES ({prefix:String}, {size:UInt64})', {
      prefix,
      size,
    });
  };
  const named = (prefix: string, size: number) => Array.from({ length: size }, (_, i) => `${prefix}${i}`);

  const plan = async (more: Partial<PlanCampaignData> = {}): Promise<string> => {
    names += 1;
    const campaignId = `campaign-${names}`;
    const data = { campaignId, name: 'Spring', goal: 'sell', phase: 'retention', channel: 'email' } as const;
    await send(outside<PlanCampaign>('PlanCampaign', { ...data, arms, salt: `salt ${names}`, ...more }));
    return campaignId;
  };
  const launch = (campaignId: string, whom: Omit<CampaignLaunchedData, 'campaignId'>) =>
    send(outside<LaunchCampaign>('LaunchCampaign', { campaignId, ...whom }, LAUNCH_DAY));
  const bySegment = { segment: { sql: SEGMENT, position: 0 } };

  const start = async (sending = send, name = 'spec', more: Partial<LaunchTools> = {}) => {
    const launches: CampaignLaunches = new CampaignLaunches({
      ...stores,
      segments,
      send: sending,
      failed: (error) => runner.fail(error),
      ...more,
    });
    const runner = await ProcessRunner.start({ ...stores, name, reactions: [launches] });
    return { launches, runner };
  };
  type Started = Awaited<ReturnType<typeof start>>;
  const settled = async ({ launches, runner }: Started) => {
    await until('no launch is open', async () => {
      const { state, lag } = await runner.status();
      if (state === 'failed') await runner.done;
      return lag === 0 && launches.status().length === 0;
    });
  };
  const runToEnd = async () => {
    const started = await start();
    await settled(started);
    const statusOf = (campaignId: string) => launchStatusOf(stores, campaignId, started.launches);
    await started.runner.stop();
    return statusOf;
  };

  const membersOf = async (campaignId: string): Promise<RecordedEvent[]> => {
    const members: RecordedEvent[] = [];
    for await (const event of stores.store.readAll())
      if (event.type === 'MemberAssigned' && (event.data as MemberAssignedData).campaignId === campaignId)
        members.push(event);
    return members;
  };
  const idsOf = (members: readonly RecordedEvent[]) =>
    members.map(({ data }) => (data as MemberAssignedData).customerId);
  const expectFrozen = async (campaignId: string, ids: readonly string[]) => {
    const audience = AudienceChecksum.of(ids);
    expect(AudienceChecksum.of(idsOf(await membersOf(campaignId)))).toEqual(audience);
    const events = await eventsOf(stores, `campaign-${campaignId}`);
    expect(events.at(-1)).toMatchObject({ type: 'AudienceFrozen', data: { campaignId, ...audience } });
    expect(events.filter(({ type }) => type === 'AudienceFrozen')).toHaveLength(1);
  };

  it('assigns the customers of a list to their arms, on the day of the launch', async () => {
    const campaignId = await plan({ holdOut: 0.2 });
    await launch(campaignId, { customers: ['a', 'b', 'c', 'd'] });
    const statusOf = await runToEnd();
    await expectFrozen(campaignId, ['a', 'b', 'c', 'd']);
    for (const { stream, data, metadata } of await membersOf(campaignId)) {
      const { customerId, ...assigned } = data as MemberAssignedData;
      expect(assigned).toEqual({ campaignId, ...assignArm(`salt ${names}`, customerId, arms, 0.2) });
      expect(stream).toBe(`campaign-member-${campaignId.replace('-', '%2D')}-${customerId}`);
      expect(metadata).toMatchObject({ ...LAUNCH_DAY, customerId });
    }
    const events = await eventsOf(stores, `campaign-${campaignId}`);
    expect(events.map(({ type }) => type).slice(1)).toEqual([
      'CampaignLaunched',
      'AudienceSelected',
      'AudienceFrozen',
    ]);
    for (const { metadata } of events.slice(2))
      expect(metadata).toMatchObject({ ...LAUNCH_DAY, customerId: null, causationId: events[1]?.id });
    expect(await statusOf(campaignId)).toEqual({ campaignId, phase: 'frozen', assigned: 4, count: 4 });
  });

  it('assigns 20,000 customers of a segment within seconds', async () => {
    const ids = named('many-', 20_000);
    await segmentIs('many-', 20_000);
    const campaignId = await plan();
    const begun = performance.now();
    await launch(campaignId, bySegment);
    await runToEnd();
    const seconds = (performance.now() - begun) / 1000;
    await expectFrozen(campaignId, ids);
    expect(seconds).toBeLessThan(20);
  });

  it('leaves out whom it must not address, and says so', async () => {
    const other = await plan();
    await launch(other, { customers: ['happy', 'annoyed'] });
    await runToEnd();
    await send(
      outside('RecordTouch', {
        campaignId: other,
        customerId: 'annoyed',
        touchId: 't',
        touch: 'unsubscribed',
        scope: 'all',
        campaign: {
          audience: 'selected',
          arms,
          holdOut: 0.1,
          salt: '',
          imported: false,
          launched: true,
          audienceFrozen: true,
          ended: false,
        },
      }),
    );
    const campaignId = await plan();
    await launch(campaignId, { customers: ['happy', 'annoyed'] });
    await runToEnd();
    await expectFrozen(campaignId, ['happy']);
    const rows = await stores.warehouse.rows(
      `SELECT customer_id, left_out FROM crm.campaign_audience
       WHERE campaign_id = {campaignId:String} ORDER BY customer_id`,
      { campaignId },
    );
    expect(rows).toEqual([
      { customer_id: 'annoyed', left_out: 'unsubscribed' },
      { customer_id: 'happy', left_out: '' },
    ]);
  });

  it.each([
    ['nobody', { sql: "SELECT 'x' AS customer_id WHERE 0", position: 0 }],
    ['nobody who can be addressed', { sql: "SELECT 'x-erased' AS customer_id", position: 0 }],
  ])('freezes an audience of %s', async (_, segment) => {
    await send(outside('EraseCustomer', { customerId: 'x-erased' })).catch(() => undefined);
    const campaignId = await plan();
    await launch(campaignId, { segment });
    await runToEnd();
    await expectFrozen(campaignId, []);
  });

  it('does nothing for campaigns without audience and for imported ones', async () => {
    const mass = await plan({ audience: 'none', arms: undefined });
    const imported = await plan({ imported: true });
    await launch(mass, {});
    await launch(imported, {});
    const statusOf = await runToEnd();
    for (const id of [mass, imported]) {
      expect(await typesOf(stores, `campaign-${id}`)).toEqual(['CampaignPlanned', 'CampaignLaunched']);
      expect(await statusOf(id)).toBeUndefined();
    }
  });

  it('waits until the warehouse has all that was known at the launch', async () => {
    const asked: number[] = [];
    let isThere = false;
    const campaignId = await plan();
    const { position } = await launch(campaignId, { customers: ['a'] });
    const started = await start(send, 'spec', {
      landed: async (wanted) => {
        asked.push(wanted);
        await new Promise(setImmediate);
        return isThere;
      },
    });
    await until('asked', () => asked.length > 2);
    expect(asked[0]).toBe(position);
    expect(started.launches.status()).toEqual([{ campaignId, phase: 'waiting-for-warehouse', assigned: 0 }]);
    expect(await launchStatusOf(stores, campaignId, started.launches)).toMatchObject({
      phase: 'waiting-for-warehouse',
    });
    isThere = true;
    await settled(started);
    await started.runner.stop();
    await expectFrozen(campaignId, ['a']);
  });

  // The first command selects the audience, the last of 3,002 freezes it.
  it.each([0, 1, 2, 700, 3_000, 3_001])(
    'goes on with the same audience when the process died after %i commands',
    async (sends) => {
      const prefix = `dying-${sends}-`;
      await segmentIs(prefix, 3_000);
      const campaignId = await plan();
      await launch(campaignId, bySegment);
      const { runner } = await start(dyingAfter(sends, send));
      await expect(runner.done).rejects.toBeInstanceOf(Crash);
      if (sends > 0) await segmentIs('others-', 10);
      await runToEnd();
      await expectFrozen(campaignId, named(prefix, 3_000));
      const attempts = await stores.warehouse.rows(
        'SELECT DISTINCT attempt FROM crm.campaign_audience WHERE campaign_id = {campaignId:String}',
        { campaignId },
      );
      expect(attempts).toHaveLength(1);
    },
  );

  it('goes on after an orderly stop in the middle, too', async () => {
    await segmentIs('stopped-', 15_000);
    const campaignId = await plan();
    await launch(campaignId, bySegment);
    const { launches, runner } = await start();
    await until('half way', () => (launches.status()[0]?.assigned ?? 0) > 2_000);
    expect(launches.status()[0]).toMatchObject({ campaignId, phase: 'assigning', count: 15_000 });
    await runner.stop();
    const members = await membersOf(campaignId);
    expect(members.length).toBeGreaterThan(2_000);
    expect(members.length).toBeLessThan(15_000);
    await runToEnd();
    await expectFrozen(campaignId, named('stopped-', 15_000));
  });

  it('does not keep a stop waiting for a slow segment, nor fails because of the stop', async () => {
    await segmentIs('slow-', 3);
    const campaignId = await plan();
    await launch(campaignId, bySegment);
    const { launches, runner } = await start(send, 'spec', {
      segments: { query: () => new Promise(() => {}) },
    });
    await until('finding', () => launches.status()[0]?.phase === 'finding-audience');
    await runner.stop();
    expect(await typesOf(stores, `campaign-${campaignId}`)).toEqual(['CampaignPlanned', 'CampaignLaunched']);
    await runToEnd();
    await expectFrozen(campaignId, named('slow-', 3));
  });

  it('of several campaigns goes side by side', async () => {
    await segmentIs('both-', 4_000);
    const campaigns = await Promise.all([plan(), plan(), plan()]);
    for (const campaignId of campaigns) await launch(campaignId, bySegment);
    await runToEnd();
    for (const campaignId of campaigns) await expectFrozen(campaignId, named('both-', 4_000));
  });

  it('is done once, even by two processes at a time that find different customers', async () => {
    await segmentIs('first-', 2_000);
    const campaignId = await plan();
    await launch(campaignId, bySegment);
    const selecting: Send[] = [];
    const openGate: (() => void)[] = [];
    const gated =
      (index: number): Send =>
      async (command: Command) => {
        if (command.type === 'SelectAudience') {
          selecting[index] = send;
          await new Promise<void>((resolve) => {
            openGate[index] = resolve;
          });
        }
        return send(command);
      };
    const one = await start(gated(0), 'one');
    await until('one selects', () => selecting[0] !== undefined);
    await segmentIs('second-', 2_500);
    const other = await start(gated(1), 'other');
    await until('both select', () => selecting[1] !== undefined);
    openGate[0]?.();
    openGate[1]?.();
    await Promise.all([settled(one), settled(other)]);
    await one.runner.stop();
    await other.runner.stop();
    const [, , selected] = await eventsOf(stores, `campaign-${campaignId}`);
    const { count } = (selected as RecordedEvent).data as { count: number };
    await expectFrozen(campaignId, count === 2_000 ? named('first-', 2_000) : named('second-', 2_500));
    await runToEnd();
  });

  it('ends where everybody sees it when the segment does not work, and can be sent again with another', async () => {
    const campaignId = await plan();
    const sql = "SELECT toString(throwIf(number = 3, 'No such thing')) AS customer_id FROM numbers(10)";
    await launch(campaignId, { segment: { sql, position: 0 } });
    const statusOf = await runToEnd();
    expect(await statusOf(campaignId)).toMatchObject({
      phase: 'failed',
      assigned: 0,
      problem: { code: 'segment-invalid', message: expect.stringContaining('No such thing') },
    });
    expect((await eventsOf(stores, `campaign-${campaignId}`)).at(-1)).toMatchObject({
      type: 'CampaignLaunchFailed',
      data: { campaignId, code: 'segment-invalid' },
    });
    // It is not tried again by itself.
    await runToEnd();
    expect(await typesOf(stores, `campaign-${campaignId}`)).toHaveLength(3);
    await segmentIs('better-', 5);
    await launch(campaignId, bySegment);
    await runToEnd();
    await expectFrozen(campaignId, named('better-', 5));
  });

  it('can be sent again as it was, while the process runs', async () => {
    const sql = 'SELECT customer_id FROM crm.spec_missing';
    const campaignId = await plan();
    const started = await start();
    await launch(campaignId, { segment: { sql, position: 0 } });
    const failures = async () =>
      (await typesOf(stores, `campaign-${campaignId}`)).filter((type) => type === 'CampaignLaunchFailed')
        .length;
    await until('failed', async () => (await failures()) === 1);
    await launch(campaignId, { segment: { sql, position: 0 } });
    await until('failed again', async () => (await failures()) === 2);
    await stores.warehouse.command(
      "CREATE TABLE crm.spec_missing ENGINE = MergeTree ORDER BY tuple() AS SELECT 'x' AS customer_id",
    );
    await launch(campaignId, { segment: { sql, position: 0 } });
    await settled(started);
    await started.runner.stop();
    await expectFrozen(campaignId, ['x']);
  });

  it('stops when the snapshot is lost and the segment names others, until it names the same again', async () => {
    await segmentIs('lost-', 100);
    const campaignId = await plan();
    await launch(campaignId, bySegment);
    const { runner } = await start(dyingAfter(50, send));
    await expect(runner.done).rejects.toBeInstanceOf(Crash);
    await stores.warehouse.command('TRUNCATE TABLE crm.campaign_audience');
    await segmentIs('lost-', 101);
    const statusOf = await runToEnd();
    expect(await statusOf(campaignId)).toMatchObject({
      phase: 'failed',
      problem: { code: 'audience-changed' },
    });
    await segmentIs('lost-', 100);
    const later = { businessDate: '2024-04-20', occurredAt: '2024-04-20T08:00:00.000Z' };
    await send(outside<LaunchCampaign>('LaunchCampaign', { campaignId, ...bySegment }, later));
    await runToEnd();
    await expectFrozen(campaignId, named('lost-', 100));
    for (const { metadata } of await membersOf(campaignId)) expect(metadata).toMatchObject(LAUNCH_DAY);
  });

  it('stops when the campaign is ended in the middle', async () => {
    await segmentIs('ended-', 15_000);
    const campaignId = await plan();
    await launch(campaignId, bySegment);
    const started = await start();
    await until('half way', () => (started.launches.status()[0]?.assigned ?? 0) > 1_000);
    await send(outside<EndCampaign>('EndCampaign', { campaignId }));
    await settled(started);
    expect((await membersOf(campaignId)).length).toBeLessThan(15_000);
    expect(await launchStatusOf(stores, campaignId, started.launches)).toMatchObject({
      phase: 'ended',
      count: 15_000,
    });
    await started.runner.stop();
  });

  it('goes on when what hinders it is over', async () => {
    const campaignId = await plan();
    await launch(campaignId, { customers: ['a', 'b'] });
    let failures = 2;
    const busy: Send = async (command) => {
      if (failures-- > 0) throw new EventStoreUnavailable('Away.');
      return send(command);
    };
    const started = await start(busy);
    await settled(started);
    await started.runner.stop();
    await expectFrozen(campaignId, ['a', 'b']);
  });
});
