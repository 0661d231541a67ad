import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { idsOf } from '#eventing/stream-name';
import { decidesOrRefuses, foldsWhateverComes } from '#test/support/decider-properties';
import { specification } from '#test/support/decider-specification';
import { assignArm } from '../campaign/assign-arm.js';
import { campaignMember } from './campaign-member.js';
import { campaignMemberCommands } from './campaign-member-commands.js';
import {
  type CampaignFacts,
  type CampaignMemberCommand,
  type CampaignMemberEvent,
  touches,
  unsubscribeScopes,
} from './campaign-member-types.js';

const given = specification(campaignMember);
const campaignId = 'spring';
const customerId = 'k-1';
const member = { campaignId, customerId };
const EUR = (amount: string) => ({ amount, currency: 'EUR' });
const on = (businessDate: string) => ({
  metadata: { businessDate, occurredAt: `${businessDate}T00:00:00.000Z`, customerId },
});

const running: CampaignFacts = {
  audience: 'selected',
  arms: [
    { name: 'mens', share: 0.5 },
    { name: 'womens', share: 0.5 },
  ],
  holdOut: 1 / 3,
  salt: 'salt',
  imported: false,
  launched: true,
  audienceFrozen: true,
  ended: false,
};
const assigning: CampaignFacts = { ...running, audienceFrozen: false };
const importing: CampaignFacts = { ...assigning, imported: true };

const treated = {
  type: 'MemberAssigned',
  data: { ...member, arm: 'mens', probability: (1 - 1 / 3) * 0.5, heldOut: false },
  ...on('2024-05-01'),
} as const;
const heldOut = {
  type: 'MemberAssigned',
  data: { ...member, arm: 'control', probability: 1 / 3, heldOut: true },
  ...on('2024-05-01'),
} as const;
const fact = ({ type, data }: { type: string; data: object }) => ({ type, data }) as CampaignMemberEvent;

describe('assigning a member', () => {
  const assign = { type: 'AssignSelectedMember', data: { ...member, campaign: assigning } } as const;

  it.each(['k-1', 'k-2', 'k-3', 'k-4', 'k-5', 'k-6'])('draws the arm of %s', (id) => {
    const drawn = assignArm('salt', id, running.arms, running.holdOut);
    given([])
      .when({ ...assign, data: { ...assign.data, customerId: id } })
      .then([{ type: 'MemberAssigned', data: { campaignId, customerId: id, ...drawn } }]);
  });
  it('is repeated at any time later', () => {
    const drawn = assignArm('salt', customerId, running.arms, running.holdOut);
    const assigned = { type: 'MemberAssigned', data: { ...member, ...drawn } } as const;
    given([assigned]).when(assign).thenNothing();
    given([assigned])
      .when({ ...assign, data: { ...member, campaign: running } })
      .thenNothing();
  });
  it.each([
    ['campaign-not-found', undefined],
    ['campaign-without-audience', { ...assigning, audience: 'none' }],
    ['campaign-not-launched', { ...assigning, launched: false }],
    ['audience-frozen', { ...assigning, audienceFrozen: true }],
    ['campaign-ended', { ...assigning, ended: true }],
  ] as const)('is refused: %s', (code, campaign) => {
    given([])
      .when({ type: 'AssignSelectedMember', data: { ...member, campaign } })
      .thenRefused(code);
    const imported = campaign && { ...campaign, imported: true };
    given([])
      .when({ type: 'AssignMember', data: { ...member, arm: 'mens', campaign: imported } })
      .thenRefused(code);
  });
  it('is either drawn or imported', () => {
    given([])
      .when({ ...assign, data: { ...member, campaign: importing } })
      .thenRefused('campaign-imported');
    given([])
      .when({ type: 'AssignMember', data: { ...member, arm: 'mens', campaign: assigning } })
      .thenRefused('campaign-not-imported');
  });
});

describe('importing a member', () => {
  const outcome = { visits: 1, conversions: 0, spend: EUR('0.00') };
  const data = {
    ...member,
    arm: 'mens',
    outcome,
    covariates: { history: 142.44, recency: 10 },
    campaign: importing,
  };
  const assign = { type: 'AssignMember', data } as const;
  const assigned = {
    ...treated,
    data: { ...treated.data, covariates: { history: 142.44, recency: 10 } },
  } as const;
  const imported = { type: 'OutcomeImported', data: { ...member, ...outcome } } as const;

  it('brings arm, outcome and what was known before in one command', () => {
    given([])
      .when(assign)
      .then([fact(assigned), imported]);
  });
  it('brings members held out', () => {
    given([])
      .when({ type: 'AssignMember', data: { ...member, arm: 'control', campaign: importing } })
      .then([fact(heldOut)]);
  });
  it('may bring the outcome later, also when the audience is frozen', () => {
    given([assigned])
      .when({ ...assign, data: { ...data, campaign: { ...importing, audienceFrozen: true } } })
      .then([imported]);
  });
  it('is repeated by the same, or by less', () => {
    given([assigned, imported]).when(assign).thenNothing();
    given([assigned, imported])
      .when({ ...assign, data: { ...data, outcome: { ...outcome, spend: EUR('0') } } })
      .thenNothing();
    given([assigned, imported])
      .when({ ...assign, data: { ...member, arm: 'mens', campaign: importing } })
      .thenNothing();
  });
  it('conflicts with another arm, outcome or past', () => {
    given([assigned, imported])
      .when({ ...assign, data: { ...data, arm: 'womens' } })
      .thenRefused('member-assigned');
    given([assigned, imported])
      .when({ ...assign, data: { ...data, covariates: { recency: 11 } } })
      .thenRefused('member-assigned');
    given([assigned, imported])
      .when({ ...assign, data: { ...data, outcome: { visits: 2 } } })
      .thenRefused('outcome-exists');
  });
  it.each<[string, object]>([
    ['arm', { arm: undefined }],
    ['arm', { arm: 'kids' }],
    ['arm', { arm: 'control', campaign: { ...importing, holdOut: 0 } }],
    ['outcome', { outcome: {} }],
    ['outcome.visits', { outcome: { visits: -1 } }],
    ['outcome.conversions', { outcome: { conversions: 0.5 } }],
    ['outcome.spend.amount', { outcome: { spend: EUR('-1') } }],
    ['covariates.recency', { covariates: { recency: Number.NaN } }],
    ['covariates', { covariates: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`c${i}`, i])) }],
    ['customerId', { customerId: 'jane@example.org' }],
  ])('names %s as wrong in %j', (path, changes) => {
    given([])
      .when({ ...assign, data: { ...data, ...changes } })
      .thenRefused('validation-failed', path);
  });
});

describe('touches', () => {
  const message = { ...member, touchId: 't-1', channel: 'email', step: 1, cost: EUR('0.05') };
  const record = (touch: (typeof touches)[number], more: object = {}, date = '2024-05-02') =>
    ({ type: 'RecordTouch', data: { ...message, touch, campaign: running, ...more }, ...on(date) }) as const;
  const requested = { type: 'TouchRequested', data: message, ...on('2024-05-02') } as const;
  const sent = { type: 'TouchSent', data: message, ...on('2024-05-03') } as const;
  const opened = { type: 'TouchOpened', data: message, ...on('2024-05-04') } as const;
  const unsubscribed = (scope: (typeof unsubscribeScopes)[number]) =>
    ({ type: 'TouchUnsubscribed', data: { ...message, scope }, ...on('2024-05-05') }) as const;

  it.each([
    ['requested', 'TouchRequested'],
    ['sent', 'TouchSent'],
    ['delivered', 'TouchDelivered'],
    ['opened', 'TouchOpened'],
    ['clicked', 'TouchClicked'],
    ['bounced', 'TouchBounced'],
  ] as const)('keep that a message was %s', (touch, type) => {
    given([treated])
      .when(record(touch))
      .then([{ type, data: message }]);
  });
  it('keep from what the customer unsubscribed', () => {
    given([treated])
      .when(record('unsubscribed', { scope: 'all' }))
      .then([fact(unsubscribed('all'))]);
    given([treated])
      .when(record('unsubscribed'))
      .then([fact(unsubscribed('campaign'))]);
  });

  it.each([
    ['campaign-not-found', undefined],
    ['campaign-without-audience', { ...running, audience: 'none' }],
    ['audience-not-frozen', assigning],
  ] as const)('are refused: %s', (code, campaign) => {
    given([treated]).when(record('requested', { campaign })).thenRefused(code);
    given([treated]).when(record('sent', { campaign })).thenRefused(code);
  });
  it('reach members only, and not before they were', () => {
    given([]).when(record('sent')).thenRefused('member-not-found');
    given([treated])
      .when(record('sent', {}, '2024-04-30'))
      .thenRefused('before-assignment', 'occurredAt');
  });

  it('are not requested of whoever is held out', () => {
    given([heldOut]).when(record('requested')).thenRefused('member-held-out');
  });
  it.each(['sent', 'delivered', 'opened', 'clicked', 'bounced'] as const)(
    'that were %s to whoever is held out contaminate',
    (touch) => {
      const contamination = { type: 'ContaminationRecorded', data: { ...message, touch } } as const;
      given([heldOut]).when(record(touch)).then([contamination]);
      given([heldOut, { ...contamination, ...on('2024-05-02') }])
        .when(record(touch))
        .thenNothing();
    },
  );
  it('contaminate, and who unsubscribes from them is unsubscribed all the same', () => {
    const contamination = {
      type: 'ContaminationRecorded',
      data: { ...message, touch: 'unsubscribed' },
      ...on('2024-05-05'),
    } as const;
    const both = [contamination, unsubscribed('all')] as const;
    given([heldOut])
      .when(record('unsubscribed', { scope: 'all' }))
      .then(both.map(fact));
    given([heldOut, ...both])
      .when(record('unsubscribed', { scope: 'all' }, '2024-05-05'))
      .thenNothing();
  });

  it('are not requested after the end, but still reported', () => {
    const campaign = { ...running, ended: true };
    given([treated]).when(record('requested', { campaign })).thenRefused('campaign-ended');
    given([treated, requested])
      .when(record('sent', { campaign }))
      .then([fact(sent)]);
  });
  it.each([
    ['campaign', 'email', 'member-unsubscribed'],
    ['all', 'post', 'member-unsubscribed'],
    ['channel', 'email', 'member-unsubscribed'],
    ['channel', 'post', undefined],
  ] as const)('after unsubscribing from the %s are on %s: %s', (scope, channel, code) => {
    const second = record('requested', { touchId: 't-2', channel }, '2024-05-06');
    const asked = given([treated, unsubscribed(scope)]).when(second);
    if (code) asked.thenRefused(code);
    else asked.then([{ type: 'TouchRequested', data: { ...message, touchId: 't-2', channel } }]);
  });

  it('happen once to a message', () => {
    given([treated, requested]).when(record('requested')).thenNothing();
    given([treated, requested])
      .when(record('requested', { step: 2 }))
      .thenRefused('touch-exists');
    given([treated, sent])
      .when(record('sent', {}, '2024-05-04'))
      .thenRefused('touch-exists');
    given([
      heldOut,
      { type: 'ContaminationRecorded', data: { ...message, touch: 'sent' }, ...on('2024-05-02') },
    ])
      .when(record('sent', {}, '2024-05-04'))
      .thenRefused('touch-exists');
  });
  it('but may be opened and clicked again', () => {
    given([treated, sent, opened])
      .when(record('opened', {}, '2024-05-04'))
      .thenNothing();
    given([treated, sent, opened])
      .when(record('opened', {}, '2024-05-06'))
      .then([fact(opened)]);
  });
  it('happen in their order, by day', () => {
    given([treated, sent])
      .when(record('delivered', {}, '2024-05-02'))
      .thenRefused('touch-out-of-order');
    given([treated, opened])
      .when(record('sent', {}, '2024-05-05'))
      .thenRefused('touch-out-of-order', 'occurredAt');
    given([treated, opened])
      .when(record('sent', {}, '2024-05-04'))
      .then([fact(sent)]);
    given([treated, opened])
      .when(record('sent', { touchId: 't-2' }, '2024-05-05'))
      .then([{ ...fact(sent), data: { ...message, touchId: 't-2' } } as CampaignMemberEvent]);
  });
  it.each<[string, object]>([
    ['touchId', { touchId: undefined }],
    ['touch', { touch: 'dreamt' }],
    ['channel', { channel: 'call 0171 1234567' }],
    ['step', { step: 1.5 }],
    ['cost.currency', { cost: { amount: '1', currency: 'XXQ' } }],
    ['detail', { detail: 'jane@example.org' }],
    ['scope', { touch: 'unsubscribed', scope: 'world' }],
    ['scope', { touch: 'sent', scope: 'all' }],
  ])('name %s as wrong in %j', (path, wrong) => {
    given([treated]).when(record('sent', wrong)).thenRefused('validation-failed', path);
  });
});

describe('responses', () => {
  const response = { ...member, responseId: 'r-1', kind: 'coupon redeemed', orderId: 'o-1' };
  const record = { type: 'RecordCampaignResponse', data: { ...response, campaign: running } } as const;
  const recorded = { type: 'CampaignResponseRecorded', data: response } as const;

  it.each([
    ['treated', treated],
    ['held out', heldOut],
  ])('come from members who are %s', (_, assigned) => {
    given([assigned]).when(record).then([recorded]);
  });
  it('are repeated by the same content and conflict with other', () => {
    given([treated, recorded]).when(record).thenNothing();
    given([treated, recorded])
      .when({ ...record, data: { ...record.data, kind: 'call' } })
      .thenRefused('response-exists');
  });
  it('come from members, after they became so', () => {
    given([]).when(record).thenRefused('member-not-found');
    given([treated])
      .when({ ...record, ...on('2024-04-30') })
      .thenRefused('before-assignment');
    given([treated])
      .when({ ...record, data: response })
      .thenRefused('campaign-not-found');
  });
  it.each<[string, object]>([
    ['responseId', { responseId: undefined }],
    ['kind', { kind: undefined }],
    ['note', { note: 'in the clear' }],
    ['orderId', { orderId: 'jane@example.org' }],
  ])('name %s as wrong', (path, wrong) => {
    given([treated])
      .when({ ...record, data: { ...record.data, ...wrong } })
      .thenRefused('validation-failed', path);
  });
});

describe('the command types of members', () => {
  it('find stream and customer, and keep the facts of the campaign to the server', () => {
    for (const type of campaignMemberCommands) {
      const data = { campaignId: 'a-1', customerId: 'k-1', touchId: 't', touch: 'sent' } as const;
      expect(idsOf('campaign-member', 2, type.stream(data))).toEqual(['a-1', 'k-1']);
      expect(type.customer(data)).toBe('k-1');
      expect(type.filledByServer).toEqual(['campaign']);
    }
    expect(campaignMemberCommands).toHaveLength(4);
  });
});

describe('a member, whatever comes', () => {
  const perhaps = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
  const data = fc.record({
    campaignId: fc.constant(campaignId),
    customerId: fc.constant(customerId),
    campaign: fc.constantFrom(undefined, running, assigning, importing, { ...running, ended: true }),
    arm: fc.constantFrom(undefined, 'mens', 'control', 'kids'),
    outcome: perhaps(fc.constant({ visits: 1 })),
    touchId: fc.constantFrom('t-1', 't-2'),
    touch: fc.constantFrom(...touches),
    scope: perhaps(fc.constantFrom(...unsubscribeScopes)),
    channel: fc.constantFrom('email', 'post'),
    responseId: fc.constantFrom('r-1', 'r-2'),
    kind: fc.constantFrom('call', 'visit'),
  });
  it('is decided or refused', () => {
    const type = fc.constantFrom<CampaignMemberCommand['type']>(
      'AssignSelectedMember',
      'AssignMember',
      'RecordTouch',
      'RecordCampaignResponse',
    );
    decidesOrRefuses(campaignMember, fc.record({ type, data }));
  });
  it('folds', () => {
    const type = fc.constantFrom<CampaignMemberEvent['type']>(
      'MemberAssigned',
      'OutcomeImported',
      'TouchRequested',
      'TouchSent',
      'TouchDelivered',
      'TouchOpened',
      'TouchClicked',
      'TouchBounced',
      'TouchUnsubscribed',
      'ContaminationRecorded',
      'CampaignResponseRecorded',
    );
    foldsWhateverComes(campaignMember, fc.record({ type, data }));
  });
});
