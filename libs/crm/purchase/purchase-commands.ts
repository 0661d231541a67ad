import { streamName } from '#eventing/stream-name';
import type { CommandType } from '../command-type.js';
import { type PurchaseState, purchase } from './purchase.js';
import type { PurchaseCommand, PurchaseEvent } from './purchase-types.js';

type PurchaseCommandType = CommandType<PurchaseState, PurchaseCommand, PurchaseEvent>;
type Data = PurchaseCommand['data'];

/** Returns belong to their purchase; without an order a return is a stream of its own. */
const stream = (data: Data): string =>
  data.orderId === undefined && 'returnId' in data
    ? streamName('return', data.returnId)
    : streamName('purchase', data.orderId ?? '');

/** Of a first event; what follows in a stream concerns whom its first event concerns. */
const named = (data: Data): string | null => ('customerId' in data && data.customerId) || null;

const commandType = (
  type: PurchaseCommand['type'],
  personal: readonly string[],
  more: Partial<PurchaseCommandType> = {},
): PurchaseCommandType => ({
  type,
  decider: purchase,
  stream,
  customer: () => undefined,
  personal,
  ...more,
});

export const purchaseCommands: readonly PurchaseCommandType[] = [
  commandType('RecordPurchase', [], { customer: named, idField: 'orderId' }),
  commandType('VoidPurchase', ['note']),
  commandType('RecordReturn', ['note'], {
    customer: (data) => (data.orderId === undefined ? named(data) : undefined),
    idField: 'returnId',
  }),
  commandType('VoidReturn', ['note']),
];
