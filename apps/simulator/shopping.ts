import type { PurchaseKind } from '#crm/purchase/purchase-types';
import { drawSpend } from '#statistics/simulate';
import { type Basket, euros, fillBasket } from './basket.js';
import { HOUR, inFreeTime, inOpeningHours, isSale } from './calendar.js';
import type { Chance } from './chance.js';
import type { Journal } from './journal.js';
import { isCard, type Life, type Order } from './life.js';

/** Shape of the spend of one purchase around the person's mean, as the population has it. */
const SPEND_SHAPE = 6;
const MISTAKES = 0.004;

export interface Occasion {
  readonly campaignId?: string;
  readonly offerId?: string;
  /** Share taken off by a voucher. */
  readonly voucher?: number;
}

/** An ordinary purchase on the day of `at`, by whichever way the person likes. */
export const buy = (life: Life, at: number, occasion: Occasion = {}): Order => {
  const { person, chance } = life;
  const channel = channelFor(life, at);
  const shipped = channel !== 'store';
  const basket = fillBasket(chance, {
    worth: Math.round(drawSpend(chance.random, person.propensities, SPEND_SHAPE)),
    sale: isSale(at),
    shipped,
    company: person.company,
    voucher: occasion.voucher ?? 0,
  });
  const moment = shipped ? inFreeTime(chance, at) : inOpeningHours(chance, at);
  return record(life, Math.max(moment, at), channel, basket, occasion);
};

const channelFor = (life: Life, at: number): string => {
  const { person, chance } = life;
  if (isCard(life.idAt(at)) || !chance.happens(person.digital)) return 'store';
  return chance.weighted({ web: 68, app: 27, phone: 5 });
};

interface Details extends Occasion {
  readonly kind?: PurchaseKind;
  readonly contractId?: string;
}

export const record = (
  life: Life,
  at: number,
  channel: string,
  basket: Basket,
  { kind = 'sale', contractId, campaignId, offerId }: Details = {},
): Order => {
  const { chance, journal } = life;
  const order: Order = { orderId: life.newId('O'), customerId: life.idAt(at), at, channel, kind, basket };
  const facts = {
    ...(kind !== 'sale' && { kind }),
    ...(contractId && { contractId }),
    ...(campaignId && { campaignId }),
  };
  if (chance.happens(MISTAKES)) enterInError(life, order);
  journal.add('RecordPurchase', at, {
    ...purchaseOf(order, offerId),
    customerId: order.customerId,
    ...facts,
  });
  life.orders.push(order);
  return order;
};

const purchaseOf = (
  { orderId, channel, basket }: Pick<Order, 'orderId' | 'channel' | 'basket'>,
  offerId?: string,
) => ({
  orderId,
  channel,
  total: euros(basket.total),
  tax: euros(basket.tax),
  taxIncluded: basket.taxIncluded,
  ...(basket.shipping > 0 && { shipping: euros(basket.shipping) }),
  ...(basket.discount > 0 && { discount: euros(basket.discount) }),
  lines: basket.lines.map(({ product, quantity, unitPrice, listPrice, discount }) => ({
    sku: product.sku,
    category: product.category,
    kind: product.kind,
    quantity: String(quantity),
    unitPrice: euros(unitPrice),
    listPrice: euros(listPrice),
    unitCost: euros(product.cost),
    ...(discount > 0 && { discount: euros(discount) }),
    ...(offerId && { offerId }),
  })),
});

/** The same goods were entered first under a wrong order, which is taken back. */
const enterInError = ({ journal, chance }: Life, order: Order): void => {
  const wrong = { ...order, orderId: `${order.orderId}-wrong` };
  journal.add('RecordPurchase', order.at - HOUR / 2, { ...purchaseOf(wrong), customerId: order.customerId });
  journal.add('VoidPurchase', order.at + HOUR, {
    orderId: wrong.orderId,
    reason: chance.pick(['entered-in-error', 'duplicate', 'cancelled']),
    replacedBy: order.orderId,
    note: 'Entered twice at the till.',
  });
};

/** Sold over the counter to somebody who leaves no name. */
export const sellToNobody = (journal: Journal, chance: Chance, orderId: string, at: number): void => {
  const basket = fillBasket(chance, {
    worth: chance.whole(800, 9000),
    sale: isSale(at),
    shipped: false,
    company: false,
    voucher: 0,
  });
  journal.add(
    'RecordPurchase',
    inOpeningHours(chance, at),
    purchaseOf({ orderId, channel: 'store', basket }),
  );
};
