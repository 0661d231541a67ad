import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Stored } from '#eventing/decider';
import { serverMadeId } from '#eventing/ids';
import { decidesOrRefuses, foldsWhateverComes } from '#test/support/decider-properties';
import { specification, specMetadata } from '#test/support/decider-specification';
import { campaign, campaignFacts } from './campaign.js';
import { campaignCommands } from './campaign-commands.js';
import { MAX_LISTED_CUSTOMERS } from './campaign-fields.js';
import type { CampaignCommand, CampaignEvent, CampaignPlannedData } from './campaign-types.js';

const given = specification(campaign);
const campaignId = 'spring';
const on = (businessDate: string) => ({
  metadata: { businessDate, occurredAt: `${businessDate}T00:00:00.000Z` },
});

const asked = {
  campaignId,
  name: 'Spring 2024: come back!',
  goal: 'win back whoever fell silent',
  phase: 'win-back',
  channel: 'email',
} as const;
const plan: CampaignPlannedData = {
  ...asked,
  cost: { amount: '1000.00', currency: 'EUR' },
  audience: 'selected',
  arms: [
    { name: 'letter', share: 0.4 },
    { name: 'voucher', share: 0.6 },
  ],
  holdOut: 0.2,
  salt: 'salt of its own',
  primaryMetric: 'conversion',
  outcomeWindowDays: 14,
  imported: false,
};
const planOf = (changes: Partial<CampaignPlannedData>) =>
  ({ type: 'CampaignPlanned', data: { ...plan, ...changes } }) as const;

const planned = planOf({});
const planMassAdvertising = { ...asked, audience: 'none' } as const;
const massAdvertising = planOf({ audience: 'none', arms: [], holdOut: 0 });
const imported = planOf({ imported: true });
const segment = { sql: 'SELECT customer_id FROM crm.customers', position: 42 };
const launched = {
  type: 'CampaignLaunched',
  data: { campaignId, segment },
  ...on('2024-05-01'),
} as const;
const audience = { campaignId, count: 3, checksum: '0123456789abcdef' };
const other = { campaignId, count: 2, checksum: 'fedcba9876543210' };
const selected = { type: 'AudienceSelected', data: audience } as const;
const frozen = { type: 'AudienceFrozen', data: audience } as const;
const ended = { type: 'CampaignEnded', data: { campaignId }, ...on('2024-06-01') } as const;

const launch = { type: 'LaunchCampaign', data: { campaignId, segment } } as const;
const select = { type: 'SelectAudience', data: audience } as const;
const freeze = { type: 'FreezeSelectedAudience', data: audience } as const;
const freezeImported = { type: 'FreezeAudience', data: audience } as const;
const end = { type: 'EndCampaign', data: { campaignId } } as const;

describe('planning a campaign', () => {
  it('keeps what was planned', () => {
    given([])
      .when({ type: 'PlanCampaign', data: plan })
      .then([{ type: 'CampaignPlanned', data: plan }]);
  });
  it('fills in what was left out', () => {
    given([])
      .when({ type: 'PlanCampaign', data: asked })
      .then([
        {
          type: 'CampaignPlanned',
          data: {
            ...asked,
            audience: 'selected',
            arms: [{ name: 'treatment', share: 1 }],
            holdOut: 0.1,
            salt: serverMadeId(specMetadata.actor, specMetadata.commandId),
            primaryMetric: 'revenue',
            outcomeWindowDays: 30,
            imported: false,
          },
        },
      ]);
  });
  it('splits nobody where there is no audience', () => {
    const [event] = campaign.decide(
      { type: 'PlanCampaign', data: planMassAdvertising, metadata: specMetadata },
      campaign.initialState,
    );
    expect(event?.data).toMatchObject({ audience: 'none', arms: [], holdOut: 0 });
  });
  it('makes rounded shares whole', () => {
    const arms = ['a', 'b', 'c'].map((name) => ({ name, share: 0.333 }));
    const whole = ['a', 'b', 'c'].map((name) => ({ name, share: 1 / 3 }));
    given([])
      .when({ type: 'PlanCampaign', data: { ...plan, arms } })
      .then([planOf({ arms: whole })]);
  });
  it('is repeated by the same content, whatever salt the server would have made', () => {
    const { salt: _salt, ...withoutSalt } = plan;
    given([planned]).when({ type: 'PlanCampaign', data: plan }).thenNothing();
    given([planned])
      .when({ type: 'PlanCampaign', data: withoutSalt, metadata: { commandId: 'another' } })
      .thenNothing();
  });
  it('conflicts with other content', () => {
    given([planned])
      .when({ type: 'PlanCampaign', data: { ...plan, holdOut: 0.3 } })
      .thenRefused('campaign-exists');
    given([planned])
      .when({ type: 'PlanCampaign', data: { ...plan, salt: 'another' } })
      .thenRefused('campaign-exists');
  });
  it.each<[string, object]>([
    ['name', { name: undefined }],
    ['name', { name: 'ask jane@example.org' }],
    ['goal', { goal: undefined }],
    ['phase', { phase: 'midlife' }],
    ['channel', { channel: undefined }],
    ['cost.amount', { cost: { amount: '1.234', currency: 'EUR' } }],
    ['audience', { audience: 'everybody' }],
    ['holdOut', { holdOut: 1 }],
    ['holdOut', { holdOut: -0.1 }],
    ['holdOut', { holdOut: Number.NaN }],
    ['arms', { arms: [] }],
    ['arms', { arms: [{ name: 'a', share: 0.9 }] }],
    [
      'arms',
      {
        arms: [
          { name: 'a', share: 0.5 },
          { name: 'a', share: 0.5 },
        ],
      },
    ],
    ['arms', { arms: Array.from({ length: 21 }, (_, i) => ({ name: `a${i}`, share: 1 / 21 })) }],
    ['arms[0].share', { arms: [{ name: 'a', share: 0 }] }],
    ['arms[0].name', { arms: [{ name: 'control', share: 1 }] }],
    ['outcomeWindowDays', { outcomeWindowDays: 0 }],
    ['outcomeWindowDays', { outcomeWindowDays: 1.5 }],
    ['primaryMetric', { primaryMetric: 'applause' }],
    ['arms', { audience: 'none', holdOut: 0 }],
    ['holdOut', { audience: 'none', arms: [] }],
    ['imported', { audience: 'none', arms: [], holdOut: 0, imported: true }],
  ])('names %s as wrong in %j', (path, changes) => {
    given([])
      .when({ type: 'PlanCampaign', data: { ...plan, ...changes } })
      .thenRefused('validation-failed', path);
  });
});

describe('launching', () => {
  it('takes a segment', () => {
    given([planned])
      .when(launch)
      .then([{ type: 'CampaignLaunched', data: launch.data }]);
  });
  it('takes a list, everybody once', () => {
    given([planned])
      .when({ type: 'LaunchCampaign', data: { campaignId, customers: ['b', 'a', 'b'] } })
      .then([{ type: 'CampaignLaunched', data: { campaignId, customers: ['b', 'a'] } }]);
  });
  it.each([
    ['without audience', massAdvertising],
    ['with imported members', imported],
  ])('takes neither for a campaign %s', (_, event) => {
    const data = { campaignId };
    given([event])
      .when({ type: 'LaunchCampaign', data })
      .then([{ type: 'CampaignLaunched', data }]);
    given([event]).when(launch).thenRefused('validation-failed', 'segment');
    given([event])
      .when({ type: 'LaunchCampaign', data: { campaignId, customers: ['a'] } })
      .thenRefused('validation-failed', 'customers');
  });
  it('is repeated by the same segment, also at a later position', () => {
    given([planned, launched]).when(launch).thenNothing();
    given([planned, launched, ended])
      .when({ ...launch, data: { campaignId, segment: { ...segment, position: 99 } } })
      .thenNothing();
  });
  it('conflicts with another segment', () => {
    given([planned, launched])
      .when({ ...launch, data: { campaignId, segment: { ...segment, sql: 'SELECT 1' } } })
      .thenRefused('campaign-launched');
    given([planned, launched])
      .when({ type: 'LaunchCampaign', data: { campaignId, customers: ['a'] } })
      .thenRefused('campaign-launched');
  });
  it('is refused after the end', () => {
    given([planned, ended]).when(launch).thenRefused('campaign-ended');
  });
  const tooMany = Array.from({ length: MAX_LISTED_CUSTOMERS + 1 }, (_, i) => `c-${i}`);
  it.each([
    ['segment', {}],
    ['customers', { segment, customers: ['a'] }],
    ['customers', { customers: [] }],
    ['customers', { customers: tooMany }],
    ['customers', { customers: tooMany.slice(0, 2000).map((id) => id + 'x'.repeat(150)) }],
    ['customers[1]', { customers: ['a', 'b@example.org'] }],
    ['segment.sql', { segment: { sql: ' ', position: 1 } }],
    ['segment.position', { segment: { sql: 'SELECT 1', position: -1 } }],
    ['segment.position', { segment: { sql: 'SELECT 1' } }],
  ])('names %s as wrong', (path, data) => {
    given([planned])
      .when({ type: 'LaunchCampaign', data: { campaignId, ...data } as never })
      .thenRefused('validation-failed', path);
  });
});

describe('a launch that failed', () => {
  const failure = { campaignId, code: 'segment-failed', message: 'No such column: city' };
  const failed = { type: 'CampaignLaunchFailed', data: failure } as const;
  const fail = { type: 'FailLaunch', data: failure } as const;
  const customers = ['a', 'b'];

  it('says why, once', () => {
    given([planned, launched]).when(fail).then([failed]);
    given([planned, launched, failed]).when(fail).thenNothing();
  });
  it('is none when it was not launched, has come to its end, or has imported members', () => {
    given([planned]).when(fail).thenRefused('campaign-not-launched');
    given([planned, launched, selected, frozen]).when(fail).thenNothing();
    given([planned, launched, ended]).when(fail).thenNothing();
    given([imported, { ...launched, data: { campaignId } }])
      .when(fail)
      .thenRefused('campaign-imported');
  });
  it('can be sent again, for other customers too', () => {
    given([planned, launched, failed])
      .when(launch)
      .then([{ type: 'CampaignLaunched', data: launch.data }]);
    given([planned, launched, failed])
      .when({ ...launch, data: { campaignId, customers } })
      .then([{ type: 'CampaignLaunched', data: { campaignId, customers } }]);
    given([planned, launched, failed, launched]).when(launch).thenNothing();
    given([planned, launched, failed, ended])
      .when({ ...launch, data: { campaignId, customers } })
      .thenRefused('campaign-launched');
  });
  it('can be sent again only for the customers who were selected, and on their day', () => {
    const again = { ...launched, ...on('2024-05-20') };
    given([planned, launched, selected, failed])
      .when(launch)
      .then([{ type: 'CampaignLaunched', data: launch.data }]);
    given([planned, launched, selected, failed])
      .when({ ...launch, data: { campaignId, customers } })
      .thenRefused('campaign-launched');
    given([planned, launched, selected, failed, again])
      .when({ ...end, ...on('2024-05-10') })
      .then([{ type: 'CampaignEnded', data: { campaignId } }]);
    given([planned, launched, failed, again])
      .when({ ...end, ...on('2024-05-10') })
      .thenRefused('before-launch');
  });
  it.each([
    ['code', { code: 'No such table!' }],
    ['message', { message: 'x'.repeat(1001) }],
  ])('names %s as wrong', (path, wrong) => {
    given([planned, launched])
      .when({ ...fail, data: { ...failure, ...wrong } })
      .thenRefused('validation-failed', path);
  });
});

describe('the audience', () => {
  it('is selected, then frozen', () => {
    given([planned, launched]).when(select).then([selected]);
    given([planned, launched, selected]).when(freeze).then([frozen]);
  });
  it('is selected and frozen once', () => {
    given([planned, launched, selected]).when(select).thenNothing();
    given([planned, launched, selected, frozen]).when(freeze).thenNothing();
    given([planned, launched, selected])
      .when({ ...select, data: other })
      .thenRefused('audience-selected');
    given([planned, launched, selected, frozen])
      .when({ ...freeze, data: other })
      .thenRefused('audience-frozen');
  });
  it('is frozen only when all who were selected are members', () => {
    given([planned, launched]).when(freeze).thenRefused('audience-not-selected');
    given([planned, launched, selected])
      .when({ ...freeze, data: other })
      .thenRefused('audience-incomplete');
  });
  it('of an imported campaign is frozen without being selected', () => {
    given([imported, { ...launched, data: { campaignId } }])
      .when(freezeImported)
      .then([frozen]);
  });
  it('is either selected or imported', () => {
    given([planned, launched, selected]).when(freezeImported).thenRefused('campaign-not-imported');
    given([imported, { ...launched, data: { campaignId } }])
      .when(select)
      .thenRefused('campaign-imported');
    given([imported, { ...launched, data: { campaignId } }])
      .when(freeze)
      .thenRefused('campaign-imported');
  });
  it.each([select, freeze])('is not there before the launch, so $type is refused', (command) => {
    given([planned]).when(command).thenRefused('campaign-not-launched');
    given([planned, launched, ended]).when(command).thenRefused('campaign-ended');
    given([massAdvertising, { ...launched, data: { campaignId } }])
      .when(command)
      .thenRefused('campaign-without-audience');
  });
  it.each([
    ['count', { count: -1 }],
    ['checksum', { checksum: 'ABC' }],
  ])('names %s as wrong', (path, wrong) => {
    given([planned, launched])
      .when({ ...select, data: { ...audience, ...wrong } })
      .thenRefused('validation-failed', path);
  });
});

describe('the end of a campaign', () => {
  it('comes after the launch, or before there was one', () => {
    given([planned, launched])
      .when({ ...end, ...on('2024-06-01') })
      .then([{ type: 'CampaignEnded', data: { campaignId } }]);
    given([planned])
      .when(end)
      .then([{ type: 'CampaignEnded', data: { campaignId } }]);
    given([planned, launched])
      .when({ ...end, ...on('2024-04-30') })
      .thenRefused('before-launch', 'occurredAt');
  });
  it('comes once', () => {
    given([planned, ended]).when(end).thenNothing();
    given([planned, ended])
      .when({ ...end, data: { campaignId, reason: 'budget' } })
      .thenRefused('campaign-ended');
  });
});

describe('the cost of a campaign', () => {
  const data = { campaignId, cost: { amount: '1200.5', currency: 'EUR' } };
  const recorded = { type: 'CampaignCostRecorded', data } as const;
  const record = { type: 'RecordCampaignCost', data } as const;

  it('may change at any time', () => {
    given([planned, launched, ended]).when(record).then([recorded]);
    given([planned, recorded])
      .when({ ...record, data: { ...data, reason: 'printing' } })
      .then([{ ...recorded, data: { ...data, reason: 'printing' } }]);
  });
  it('is repeated by the same amount, however it is written', () => {
    given([planned, recorded])
      .when({ ...record, data: { campaignId, cost: { amount: '1200.50', currency: 'EUR' } } })
      .thenNothing();
  });
});

describe('a campaign that nobody planned', () => {
  it.each<Omit<Exclude<CampaignCommand, { type: 'PlanCampaign' }>, 'metadata'>>([
    launch,
    select,
    freeze,
    freezeImported,
    end,
    { type: 'RecordCampaignCost', data: { campaignId, cost: { amount: '1', currency: 'EUR' } } },
  ])('is not found by $type', (command) => {
    given([])
      .when(command as typeof end)
      .thenRefused('campaign-not-found');
  });
});

describe('campaignFacts', () => {
  const factsAfter = (...events: readonly object[]) =>
    campaignFacts(
      events
        .map((event) => ({ metadata: specMetadata, ...event }) as Stored<CampaignEvent>)
        .reduce(campaign.evolve, campaign.initialState),
    );
  it('are what members must know', () => {
    expect(factsAfter()).toBeUndefined();
    expect(factsAfter(planned)).toEqual({
      audience: 'selected',
      arms: plan.arms,
      holdOut: 0.2,
      salt: plan.salt,
      imported: false,
      launched: false,
      audienceFrozen: false,
      ended: false,
    });
    expect(factsAfter(planned, launched)).toMatchObject({ launched: true, audienceFrozen: false });
    expect(factsAfter(planned, launched, selected, frozen, ended)).toMatchObject({
      launched: true,
      audienceFrozen: true,
      ended: true,
    });
  });
});

describe('the command types of campaigns', () => {
  it('find the stream and concern no customer', () => {
    for (const type of campaignCommands) {
      expect(type.stream(asked)).toBe('campaign-spring');
      expect(type.customer(asked)).toBeNull();
    }
    expect(campaignCommands).toHaveLength(8);
  });
});

describe('a campaign, whatever comes', () => {
  const data = fc.record({
    campaignId: fc.constant(campaignId),
    name: fc.constantFrom('a', 'b'),
    goal: fc.constant('g'),
    phase: fc.constantFrom('retention', 'nonsense'),
    channel: fc.constant('web'),
    audience: fc.constantFrom('selected', 'none', undefined),
    imported: fc.constantFrom(true, false, undefined),
    holdOut: fc.constantFrom(undefined, 0, 0.1, 1),
    customers: fc.option(fc.array(fc.constantFrom('a', 'b')), { nil: undefined }),
    segment: fc.constantFrom(undefined, undefined, segment),
    count: fc.nat(2),
    checksum: fc.constantFrom('0123456789abcdef', '0000000000000000'),
    reason: fc.constantFrom(undefined, 'budget'),
    code: fc.constantFrom('segment-failed', 'no code'),
    message: fc.constant('It failed.'),
    cost: fc.constantFrom({ amount: '1', currency: 'EUR' }, { amount: '2.00', currency: 'EUR' }),
  });
  it('is decided or refused', () => {
    const type = fc.constantFrom<CampaignCommand['type']>(
      'PlanCampaign',
      'LaunchCampaign',
      'SelectAudience',
      'FreezeSelectedAudience',
      'FailLaunch',
      'FreezeAudience',
      'EndCampaign',
      'RecordCampaignCost',
    );
    decidesOrRefuses(campaign, fc.record({ type, data }));
  });
  it('folds', () => {
    const type = fc.constantFrom<CampaignEvent['type']>(
      'CampaignPlanned',
      'CampaignLaunched',
      'AudienceSelected',
      'AudienceFrozen',
      'CampaignLaunchFailed',
      'CampaignEnded',
      'CampaignCostRecorded',
    );
    foldsWhateverComes(campaign, fc.record({ type, data }));
  });
});
