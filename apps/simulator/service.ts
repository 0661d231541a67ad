import { singleItem } from './basket.js';
import { DAY, HOUR, inFreeTime } from './calendar.js';
import { complain } from './complaining.js';
import { contact } from './contacts.js';
import { isCard, type Life, type Order } from './life.js';
import { record } from './shopping.js';
import { GRIEVANCES, type Grievance } from './words.js';

const FAILURES = 0.075;
const MISTAKES = 0.01;

/** What a purchase left behind in the customer. */
export type Experience = 'good' | 'made-good' | 'angry' | 'silently-angry';

/** How much likelier the customer is to be lost after it. Those who say nothing are the ones who go. */
export const LOST_AFTER: Readonly<Record<Experience, number>> = {
  good: 0,
  'made-good': 0.04,
  angry: 0.35,
  'silently-angry': 0.5,
};

/** Something goes wrong with some orders; of the customers concerned only some say so. */
export const perhapsFail = (life: Life, order: Order): Experience => {
  const { chance, person } = life;
  if (order.basket.total === 0 || !chance.happens(FAILURES)) return 'good';
  const grievance = grievanceWith(life, order);
  const at = order.at + (grievance.shippedOnly ? chance.whole(2, 5) : chance.whole(0, 3)) * DAY + HOUR;
  const severity = chance.weighted({ low: 30, medium: 45, high: 20, critical: 5 });
  const complains = !isCard(order.customerId) && chance.happens(person.complains);
  const serviceFailureId = recordFailure(life, order, grievance, at, severity, complains);
  if (complains) {
    const outcome = complain(life, {
      at: inFreeTime(chance, at + chance.whole(1, 5) * DAY),
      grievance,
      severity,
      order,
      serviceFailureId,
    });
    if (outcome.replacementAt)
      record(life, outcome.replacementAt, order.channel, singleItem(outcome.replaced, { free: true }), {
        kind: 'replacement',
      });
    return outcome.satisfied ? 'made-good' : 'angry';
  }
  if (severity === 'low' && chance.happens(0.7)) return 'good';
  mutter(life, at, order);
  return 'silently-angry';
};

const grievanceWith = ({ chance }: Life, { channel }: Order): Grievance => {
  const possible = GRIEVANCES.filter(({ shippedOnly }) => !shippedOnly || channel !== 'store');
  const name = chance.weighted(Object.fromEntries(possible.map(({ failure, weight }) => [failure, weight])));
  return possible.find(({ failure }) => failure === name) as Grievance;
};

const recordFailure = (
  life: Life,
  order: Order,
  grievance: Grievance,
  at: number,
  severity: 'low' | 'medium' | 'high' | 'critical',
  complains: boolean,
): string => {
  const { chance, journal } = life;
  const serviceFailureId = life.newId('F');
  const failure = {
    kind: grievance.failure,
    severity,
    orderId: order.orderId,
    affectedCustomers: [order.customerId],
    affectedCount: 1,
    detectedBy: complains ? 'customer' : chance.pick(['employee', 'monitoring', 'audit']),
    ...(grievance.failure === 'defective-product' && { sku: order.basket.lines[0]?.product.sku }),
    ...(chance.happens(0.2) && {
      description: `Seen in the weekly review: ${grievance.cause.toLowerCase()}.`,
    }),
  };
  if (chance.happens(MISTAKES)) {
    const wrong = `${serviceFailureId}-wrong`;
    journal.add('RecordServiceFailure', at - HOUR, { ...failure, serviceFailureId: wrong });
    journal.add('VoidServiceFailure', at + HOUR, {
      serviceFailureId: wrong,
      reason: 'entered-in-error',
      replacedBy: serviceFailureId,
    });
  }
  journal.add('RecordServiceFailure', at, { ...failure, serviceFailureId });
  return serviceFailureId;
};

/** Not a complaint, and yet somebody who listens would hear it. */
const mutter = (life: Life, at: number, { orderId }: Order): void => {
  if (!life.chance.happens(0.12)) return;
  contact(life, at + 2 * DAY, {
    channel: 'store',
    direction: 'inbound',
    kind: 'conversation',
    orderId,
    sentiment: 'negative',
  });
};
