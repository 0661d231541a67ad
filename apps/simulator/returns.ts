import { type Basket, euros, type Line, refundOf } from './basket.js';
import { DAY, HOUR, inOpeningHours } from './calendar.js';
import type { Life, Order } from './life.js';

const RETURNED = 0.07;
const WITHOUT_RECEIPT = 0.004;
const MISTAKES = 0.03;

const REASONS = { 'wrong-size': 35, 'changed-mind': 30, 'not-as-described': 15, defective: 15, other: 5 };

/** Some purchases come back, whole or in part. */
export const perhapsReturn = (life: Life, order: Order): void => {
  const { chance } = life;
  if (chance.happens(WITHOUT_RECEIPT)) returnWithoutReceipt(life, order);
  if (order.basket.total === 0 || !chance.happens(RETURNED)) return;
  const at = inOpeningHours(chance, order.at + chance.whole(3, 21) * DAY);
  const reason = chance.weighted(REASONS);
  const several = order.basket.lines.length > 1;
  switch (chance.weighted({ whole: 35, part: 55, twice: several ? 20 : 0 })) {
    case 'whole':
      returnTheRest(life, order, at, reason);
      break;
    case 'part':
      returnPart(life, order, at, reason);
      break;
    case 'twice':
      returnPart(life, order, at, reason);
      returnTheRest(life, order, at + 3 * DAY, 'changed-mind');
  }
};

/** All of it, at once: the server knows what that is. */
const returnTheRest = (life: Life, { orderId, channel }: Order, at: number, reason: string): void =>
  life.journal.add('RecordReturn', at, {
    returnId: life.newId('R'),
    orderId,
    reason,
    channel: channel === 'store' ? 'store' : 'post',
  });

const returnPart = (life: Life, order: Order, at: number, reason: string): void => {
  const { chance, journal } = life;
  const line = chance.pick(order.basket.lines);
  const quantity = chance.whole(1, line.quantity);
  if (chance.happens(MISTAKES)) enterInError(life, order, line, at);
  journal.add('RecordReturn', at, {
    ...returned(order.orderId, order.basket, line, quantity),
    returnId: life.newId('R'),
    reason,
    channel: order.channel === 'store' ? 'store' : 'post',
    ...(reason === 'defective' && { note: 'The seam opened on the first day.' }),
  });
};

const returned = (orderId: string, basket: Basket, line: Line, quantity: number) => ({
  orderId,
  refund: euros(refundOf(basket, line, quantity)),
  lines: [{ sku: line.product.sku, quantity: String(quantity) }],
});

const enterInError = (life: Life, { orderId, basket }: Order, line: Line, at: number): void => {
  const returnId = life.newId('R');
  const before = at - 2 * HOUR;
  life.journal.add('RecordReturn', before, {
    ...returned(orderId, basket, line, line.quantity),
    returnId,
    reason: 'other',
    channel: 'store',
  });
  life.journal.add('VoidReturn', before + HOUR, { returnId, orderId, reason: 'entered-in-error' });
};

/** Brought back without a receipt: nobody can say of which order. */
const returnWithoutReceipt = (life: Life, { at, basket }: Order): void => {
  const { chance, journal } = life;
  const [{ product }] = basket.lines as [Line];
  const moment = inOpeningHours(chance, at + chance.whole(5, 40) * DAY);
  journal.add('RecordReturn', moment, {
    returnId: life.newId('R'),
    customerId: life.idAt(moment),
    reason: 'changed-mind',
    channel: 'store',
    refund: euros(Math.round(product.price / 2)),
    lines: [{ sku: product.sku, quantity: '1' }],
  });
};
