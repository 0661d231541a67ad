import type { Interaction } from '#crm/interaction/interaction';
import { employee } from './assortment.js';
import { euros } from './basket.js';
import { DAY, HOUR, inFreeTime, inOpeningHours, MINUTE } from './calendar.js';
import { isCard, isVisitor, type Life, type Order } from './life.js';
import { ANSWERS, QUESTIONS, SOCIAL_POSTS, SURVEY_ANSWERS } from './words.js';

const MONTH = 30.4 * DAY;
/** Looks into the web shop or the app in a month, by somebody who lives entirely on the telephone. */
const VISITS_PER_MONTH = 0.35;
/** Who is lost still looks in, now and then, for a while. */
const VISITS_WHEN_LOST = 0.15;
const MISTAKES = 0.002;

type Contact = Omit<Interaction, 'interactionId' | 'customerId' | 'text'> & { readonly text?: string };

/** Nothing happens with somebody of whom the shop knows a card only: nobody can be reached through a card. */
export const contact = (life: Life, at: number, facts: Contact): void => {
  const customerId = life.idAt(at);
  if (isCard(customerId)) return;
  const interactionId = life.newId('I');
  const visitor = isVisitor(customerId) ? { visitorId: customerId } : {};
  const interaction = { interactionId, customerId, ...visitor, ...facts };
  if (life.chance.happens(MISTAKES)) enterTwice(life, at, interaction);
  // A letter has a date and no time of day.
  if (facts.channel === 'post') life.journal.addOfDay('RecordInteraction', at, interaction);
  else life.journal.add('RecordInteraction', at, interaction);
};

const enterTwice = (
  { journal }: Life,
  at: number,
  interaction: Contact & { readonly interactionId: string },
): void => {
  const interactionId = `${interaction.interactionId}-twice`;
  journal.add('RecordInteraction', at, { ...interaction, interactionId });
  journal.add('VoidInteraction', at + HOUR, {
    interactionId,
    reason: 'duplicate',
    replacedBy: interaction.interactionId,
  });
};

/** What goes on around a purchase: looking, asking, delivering, being asked. */
export const contactsAround = (life: Life, { at, orderId, channel }: Order): void => {
  const { chance, person } = life;
  const online = channel === 'web' || channel === 'app';
  if (online && chance.happens(0.6)) look(life, at - chance.whole(10, 90) * MINUTE, channel);
  if (online && chance.happens(0.4))
    contact(life, at + chance.whole(1, 3) * DAY, {
      channel: 'sms',
      direction: 'outbound',
      kind: 'delivery-notice',
      orderId,
      agent: { kind: 'bot', id: 'bot-delivery' },
    });
  if (channel === 'phone') call(life, at - 10 * MINUTE, 'order', orderId);
  if (chance.happens(0.1)) ask(life, at + chance.whole(1, 6) * DAY, orderId);
  if (chance.happens(0.2)) survey(life, at + chance.whole(5, 10) * DAY, orderId);
  if (person.fan && chance.happens(0.15)) praise(life, at + chance.whole(3, 20) * DAY);
};

/** What goes on without a purchase, until the person is gone for good or the time is over. */
export const contactsBetween = (life: Life): void => {
  const { chance, person, calendar } = life;
  const end = Math.min(calendar.end, life.closedAt);
  const perMonth = VISITS_PER_MONTH * person.digital;
  let at = life.person.arrival;
  for (;;) {
    const rate = perMonth * (at < life.lostAt ? 1 : VISITS_WHEN_LOST);
    at += (-Math.log(chance.between(0, 1)) / rate) * MONTH;
    if (at >= end) break;
    look(life, inFreeTime(chance, at), chance.happens(0.7) ? 'web' : 'app');
  }
  if (person.company) visits(life, end);
};

const look = (life: Life, at: number, channel: string): void => {
  const { chance } = life;
  const moment = Math.max(at, life.person.arrival);
  if (moment >= life.closedAt) return;
  contact(life, moment, {
    channel,
    direction: 'inbound',
    kind: chance.weighted({ 'page-view': 60, search: 25, 'wish-list': 15 }),
    durationSeconds: chance.whole(20, 900),
  });
};

/** A question and its answer, in one thread. */
const ask = (life: Life, at: number, orderId: string): void => {
  const { chance } = life;
  const moment = inOpeningHours(chance, at);
  const channel = chance.weighted({ email: 50, chat: 30, phone: 20 });
  if (channel === 'phone') {
    call(life, moment, 'question', orderId);
    return;
  }
  const threadId = life.newId('T');
  const [contactReason, text] = chance.pick(QUESTIONS);
  contact(life, moment, {
    channel,
    direction: 'inbound',
    kind: 'message',
    contactReason,
    orderId,
    threadId,
    sentiment: chance.pick(['neutral', 'neutral', 'negative']),
    text,
  });
  const bot = channel === 'chat' && chance.happens(0.6);
  contact(life, moment + (bot ? MINUTE : chance.whole(30, 300) * MINUTE), {
    channel,
    direction: 'outbound',
    kind: 'message',
    contactReason,
    orderId,
    threadId,
    agent: bot ? { kind: 'bot', id: 'bot-chat' } : { kind: 'employee', id: employee(chance.whole(0, 13)) },
    cost: euros(bot ? 5 : 320),
    text: chance.pick(ANSWERS),
  });
};

const call = (life: Life, at: number, contactReason: string, orderId: string): void => {
  const { chance } = life;
  const durationSeconds = chance.whole(60, 900);
  contact(life, at, {
    channel: 'phone',
    direction: 'inbound',
    kind: 'call',
    contactReason,
    orderId,
    durationSeconds,
    cost: euros(Math.round(durationSeconds * 0.9)),
    agent: { kind: 'employee', id: employee(chance.whole(0, 13)) },
    sentiment: chance.pick(['neutral', 'positive']),
  });
};

const survey = (life: Life, at: number, orderId: string): void => {
  const { chance, person } = life;
  const threadId = life.newId('T');
  const asked = { channel: 'email', contactReason: 'satisfaction-survey', orderId, threadId };
  contact(life, at, {
    ...asked,
    direction: 'outbound',
    kind: 'survey',
    agent: { kind: 'bot', id: 'bot-survey' },
  });
  if (!chance.happens(person.fan ? 0.8 : 0.25)) return;
  const sentiment = person.fan ? 'positive' : chance.weighted({ positive: 45, neutral: 35, negative: 20 });
  contact(life, at + chance.whole(1, 48) * HOUR, {
    ...asked,
    direction: 'inbound',
    kind: 'survey-answer',
    sentiment,
    text: chance.pick(SURVEY_ANSWERS[sentiment]),
  });
};

const praise = (life: Life, at: number): void => {
  contact(life, at, {
    channel: 'social',
    direction: 'inbound',
    kind: 'post',
    sentiment: 'positive',
    text: life.chance.pick(SOCIAL_POSTS),
  });
};

/** Companies are visited twice a year, and written to before. */
const visits = (life: Life, end: number): void => {
  const { chance, person } = life;
  for (let at = person.arrival + 30 * DAY; at < end; at += chance.whole(160, 200) * DAY) {
    const agent = { kind: 'employee', id: employee(person.number) } as const;
    contact(life, at, {
      channel: 'post',
      direction: 'outbound',
      kind: 'letter',
      contactReason: 'visit',
      agent,
    });
    contact(life, inOpeningHours(chance, at + 10 * DAY), {
      channel: 'visit',
      direction: 'outbound',
      kind: 'appointment',
      durationSeconds: chance.whole(1800, 7200),
      cost: euros(chance.whole(6000, 15000)),
      sentiment: chance.pick(['neutral', 'positive']),
      agent,
    });
  }
};
