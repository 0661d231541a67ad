/** A campaign whose members and arms were drawn elsewhere. */
const imported = { campaignId: 'autumn-2023', customerId: 'c-1001' };

/** One good body for each command, in an order in which they can be run. */
export const campaignExamples = {
  PlanCampaign: {
    campaignId: 'spring-2024',
    name: 'Spring offer 2024',
    goal: 'second purchase within 60 days',
    phase: 'retention',
    channel: 'post',
    cost: { amount: '1200.00', currency: 'EUR' },
    arms: [
      { name: 'letter', share: 0.5 },
      { name: 'card', share: 0.5 },
    ],
    holdOut: 0.1,
    primaryMetric: 'revenue',
    outcomeWindowDays: 60,
    occurredAt: '2024-02-20',
  },
  LaunchCampaign: { campaignId: 'spring-2024', customers: ['c-1001', 'c-1002'], occurredAt: '2024-03-01' },
  AssignMember: {
    ...imported,
    arm: 'letter',
    outcome: { visits: 2, conversions: 1, spend: { amount: '27.30', currency: 'EUR' } },
    covariates: { spendLastYear: 182.5 },
    occurredAt: '2023-09-01',
  },
  FreezeAudience: {
    campaignId: imported.campaignId,
    count: 1,
    checksum: '0f1e2d3c4b5a6978',
    occurredAt: '2023-09-02',
  },
  RecordTouch: {
    ...imported,
    touchId: 't-1',
    touch: 'sent',
    channel: 'post',
    step: 1,
    cost: { amount: '0.85', currency: 'EUR' },
    occurredAt: '2023-09-04',
  },
  RecordCampaignResponse: {
    ...imported,
    responseId: 'response-1',
    kind: 'coupon',
    touchId: 't-1',
    channel: 'store',
    note: 'Liked the card.',
    occurredAt: '2023-09-20',
  },
  RecordCampaignCost: {
    campaignId: 'spring-2024',
    cost: { amount: '1184.20', currency: 'EUR' },
    reason: 'invoice',
    occurredAt: '2024-04-02',
  },
  EndCampaign: { campaignId: 'spring-2024', reason: 'as-planned', occurredAt: '2024-05-01' },
} as const;
