import type { NewEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import { type Random, randomFrom } from '#statistics/random';

const CUSTOMERS = 50_000;
const ARTICLES = 2_000;
const DAY_MS = 86_400_000;
const FROM = Date.parse('2024-01-01');

/** Purchases that differ as real ones do, so that what compresses them has something to do; seeded. */
export const salesEvents = (count: number, seed = 7): NewEvent[] => {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, number) => sale(number, random));
};

export const streamOf = (event: NewEvent): string =>
  `purchase-${(event.data as { orderId: string }).orderId}`;

const whole = (random: Random, below: number): number => random.uint32() % below;

const sale = (number: number, random: Random): NewEvent => {
  const orderId = `order-${number}-${whole(random, 1e6)}`;
  const customerId = `customer-${whole(random, CUSTOMERS)}`;
  const commandId = `shop-${number}`;
  const occurredAt = new Date(FROM + whole(random, 365) * DAY_MS + whole(random, DAY_MS)).toISOString();
  const lines = Array.from({ length: 1 + whole(random, 3) }, () => ({
    sku: `sku-${whole(random, ARTICLES)}`,
    quantity: 1 + whole(random, 4),
    unitPrice: { amount: cents(100 + whole(random, 20_000)), currency: 'EUR' },
  }));
  const total = lines.reduce(
    (sum, { quantity, unitPrice }) => sum + quantity * Number(unitPrice.amount) * 100,
    0,
  );
  return {
    id: eventId(`purchase-${orderId}`, commandId, 0),
    type: 'PurchaseRecorded',
    schemaVersion: 1,
    data: {
      orderId,
      customerId,
      kind: 'sale',
      lines,
      total: { amount: cents(Math.round(total)), currency: 'EUR' },
    },
    metadata: {
      customerId,
      occurredAt,
      businessDate: occurredAt.slice(0, 10),
      actor: 'shop',
      commandId,
      correlationId: commandId,
      causationId: null,
    },
  };
};

const cents = (amount: number): string => (amount / 100).toFixed(2);
