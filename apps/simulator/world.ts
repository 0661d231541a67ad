import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import { euros } from './basket.js';
import { type Calendar, DAY, HOUR, inOpeningHours, MINUTE, startOfDay } from './calendar.js';
import type { Campaign } from './campaigns.js';
import type { Chance } from './chance.js';
import { Course } from './complaining.js';
import type { Posters } from './identity.js';
import type { Journal } from './journal.js';
import type { Person } from './person.js';
import { sellToNobody } from './shopping.js';
import { FURTHER_GRIEVANCES, GRIEVANCES } from './words.js';

// What happens in the shop beside the dealings of single customers.

/** Plans, launches and ends a campaign; its members are drawn by the server. */
export const runCampaign = (journal: Journal, campaign: Campaign, members: readonly string[]): void => {
  const { campaignId, audience, launchedAt, outcomeWindowDays, plannedCost, cost, arms } = campaign;
  const { name, goal, phase, channel, primaryMetric, holdOut, salt } = campaign;
  journal.add(
    'PlanCampaign',
    campaign.plannedAt,
    {
      ...{ campaignId, name, goal, phase, channel, primaryMetric, outcomeWindowDays, holdOut, salt },
      arms: arms.map(({ name, share }) => ({ name, share })),
      cost: euros(plannedCost),
    },
    { alone: true },
  );
  const chosen = audience === 'list' ? { customers: members } : { segment: { sql: segmentOf(audience.tag) } };
  journal.add('LaunchCampaign', launchedAt, { campaignId, ...chosen }, { alone: true, launch: 'members' });
  const end = launchedAt + (outcomeWindowDays + 3) * DAY;
  journal.add('RecordCampaignCost', end, { campaignId, cost: euros(cost), reason: 'invoiced' });
  journal.add('EndCampaign', end + HOUR, { campaignId, reason: 'window-over' }, { alone: true });
};

const segmentOf = (tag: string): string => `SELECT customer_id FROM crm.customers WHERE has(tags, '${tag}')`;

/** A campaign that never began: its segment makes up addresses where ids of customers belong. */
export const failToLaunch = (journal: Journal, calendar: Calendar): void => {
  const campaignId = 'autumn-outlet';
  const at = startOfDay(calendar.at(0.8)) + 9 * HOUR;
  journal.add(
    'PlanCampaign',
    at,
    {
      campaignId,
      name: 'Autumn outlet',
      goal: 'Sell what is left of the summer',
      phase: 'retention',
      channel: 'email',
    },
    { alone: true },
  );
  journal.add(
    'LaunchCampaign',
    at + HOUR,
    {
      campaignId,
      segment: { sql: "SELECT concat(customer_id, '@example.org') AS customer_id FROM crm.purchases" },
    },
    { alone: true, launch: 'failure' },
  );
  journal.add('EndCampaign', at + 3 * HOUR, { campaignId, reason: 'called-off' });
};

/** Mass advertising has a cost, and nobody knows who saw it. */
export const putUpPosters = (journal: Journal, { campaignId, from, until }: Posters): void => {
  journal.add(
    'PlanCampaign',
    from - 20 * DAY,
    {
      campaignId,
      name: 'Posters in spring',
      goal: 'Be seen by those who have never heard of us',
      phase: 'acquisition',
      channel: 'poster',
      audience: 'none',
      cost: euros(350_000),
    },
    { alone: true },
  );
  journal.add('LaunchCampaign', from, { campaignId }, { alone: true });
  journal.add('RecordCampaignCost', until, { campaignId, cost: euros(361_240), reason: 'invoiced' });
  journal.add('EndCampaign', until + HOUR, { campaignId });
};

/** A mailing that a partner carried out: its members come with their arms and with what they did. */
export const importMailing = (
  journal: Journal,
  chance: Chance,
  calendar: Calendar,
  people: readonly Person[],
): void => {
  const campaignId = 'partner-mailing';
  const at = inOpeningHours(chance, calendar.at(0.42));
  const arms = ['postcard', 'catalogue'] as const;
  const members = people.filter(
    ({ beginning, arrival, number }) => beginning === 'customer' && arrival < at - DAY && number % 8 === 0,
  );
  journal.add(
    'PlanCampaign',
    at,
    {
      campaignId,
      name: "A partner's mailing",
      goal: 'Sell winter equipment',
      phase: 'retention',
      channel: 'post',
      imported: true,
      holdOut: 0.2,
      arms: arms.map((name) => ({ name, share: 0.5 })),
      outcomeWindowDays: 21,
      primaryMetric: 'conversion',
      cost: euros(90_000),
    },
    { alone: true },
  );
  journal.add('LaunchCampaign', at + MINUTE, { campaignId }, { alone: true });
  for (const { customerId, digital } of members) {
    const arm = chance.weighted({ control: 2, postcard: 4, catalogue: 4 });
    const conversions = Number(chance.happens({ control: 0.06, postcard: 0.07, catalogue: 0.11 }[arm]));
    journal.add('AssignMember', at + 2 * MINUTE, {
      campaignId,
      customerId,
      arm,
      outcome: {
        visits: conversions + Number(chance.happens(0.2)),
        conversions,
        spend: euros(conversions * chance.whole(2000, 15000)),
      },
      covariates: { digital: Math.round(100 * digital) / 100 },
    });
  }
  const audience = AudienceChecksum.of(members.map(({ customerId }) => customerId));
  journal.add('FreezeAudience', at + 3 * MINUTE, { campaignId, ...audience }, { alone: true });
  journal.add('EndCampaign', at + 30 * DAY, { campaignId }, { alone: true });
};

/** On the first morning somebody tries everything out, and takes it back. */
export const tryOut = (journal: Journal, calendar: Calendar): void => {
  const at = calendar.start + 7 * HOUR;
  const later = at + 30 * MINUTE;
  const [orderId, returnId, interactionId, serviceFailureId] = ['O-test', 'R-test', 'I-test', 'F-test'];
  const reason = 'test';
  journal.add('RecordPurchase', at, { orderId, total: euros(100), channel: 'store' });
  journal.add('RecordReturn', at + MINUTE, { orderId, returnId, reason });
  journal.add('RecordInteraction', at, { interactionId, channel: 'chat', text: 'Is anybody there?' });
  journal.add('RecordServiceFailure', at, { serviceFailureId, kind: 'outage' });
  journal.add('VoidReturn', later, { orderId, returnId, reason });
  journal.add('VoidPurchase', later + MINUTE, { orderId, reason });
  journal.add('VoidInteraction', later, { interactionId, reason });
  journal.add('VoidServiceFailure', later, { serviceFailureId, reason });
};

const OUTAGES = 5;

/** The web shop fails now and then: so many are concerned that nobody names them. */
export const failAltogether = (journal: Journal, chance: Chance, calendar: Calendar): void => {
  for (let number = 1; number <= OUTAGES; number++)
    journal.add('RecordServiceFailure', calendar.at(chance.between(0.05, 0.98)), {
      serviceFailureId: `F-outage-${number}`,
      kind: 'outage',
      severity: chance.pick(['high', 'critical']),
      affectedCount: chance.whole(40, 900),
      detectedBy: 'monitoring',
      description: 'The web shop did not answer.',
    });
};

/** Visitors of the web shop, buyers and people with a grievance of whom nobody ever learns who they are. */
export const strangers = (journal: Journal, chance: Chance, calendar: Calendar, count: number): void => {
  for (let number = 1; number <= count; number++) {
    const at = calendar.at(chance.between(0.01, 0.99));
    const id = String(number).padStart(5, '0');
    switch (chance.weighted({ buyer: 40, visitor: 55, complainer: 5 })) {
      case 'buyer':
        sellToNobody(journal, chance, `O-till-${id}`, at);
        break;
      case 'visitor':
        journal.add('RecordInteraction', at, {
          interactionId: `I-web-${id}`,
          visitorId: `cookie-${id}`,
          channel: 'web',
          direction: 'inbound',
          kind: 'page-view',
          durationSeconds: chance.whole(3, 300),
        });
        break;
      case 'complainer':
        complainAnonymously(journal, chance, `K-web-${id}`, at);
    }
  }
};

const complainAnonymously = (journal: Journal, chance: Chance, complaintId: string, at: number): void => {
  const course = new Course(journal, chance, complaintId, at, 'low');
  course.open({ channel: 'social', category: 'Service', description: chance.pick(FURTHER_GRIEVANCES) });
  course.run(chance.pick(GRIEVANCES), 'social');
};

/** One complaint goes all the way round, and one is none. */
export const complainAtLength = (journal: Journal, chance: Chance, calendar: Calendar): void => {
  const grievance = chance.pick(GRIEVANCES);
  const course = new Course(journal, chance, 'K-authority-1', calendar.at(0.5), 'high');
  course.open({
    channel: 'post',
    category: grievance.category,
    description: chance.pick(grievance.texts),
  });
  course.runInFull(grievance, 'post');
  const at = calendar.at(0.6);
  const complaintId = 'K-joke-1';
  journal.add('OpenComplaint', at, { complaintId, channel: 'social', category: 'Service' });
  journal.add('VoidComplaint', at + HOUR, {
    complaintId,
    reason: 'entered-in-error',
    note: 'It was a joke.',
  });
};
