import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';
import type { Money } from '../money.js';
import type { Voiding } from '../voiding.js';

export const purchaseKinds = ['sale', 'renewal', 'trial', 'replacement'] as const;
export type PurchaseKind = (typeof purchaseKinds)[number];

export const lineKinds = ['product', 'service', 'warranty'] as const;
export type LineKind = (typeof lineKinds)[number];

export interface PurchaseLine {
  /** What returns refer to; left out, it is the line's place: `1`, `2`, ... Events always have it. */
  readonly lineId?: string;
  readonly sku: string;
  readonly category?: string;
  readonly kind?: LineKind;
  /** Decimal above 0: `2`, `0.75`. */
  readonly quantity: string;
  /** Of one unit, before the line's discount. */
  readonly unitPrice?: Money;
  readonly listPrice?: Money;
  readonly unitCost?: Money;
  /** On the whole line. */
  readonly discount?: Money;
  readonly offerId?: string;
}

export interface Purchase {
  readonly orderId: string;
  readonly customerId?: string;
  /** What was paid: lines + tax + shipping - discount. */
  readonly total: Money;
  /** Default: sale. */
  readonly kind?: PurchaseKind;
  readonly contractId?: string;
  readonly lines?: readonly PurchaseLine[];
  readonly tax?: Money;
  /** The prices of the lines contain the tax already. */
  readonly taxIncluded?: boolean;
  readonly shipping?: Money;
  /** On the whole order, beside the discounts of its lines. */
  readonly discount?: Money;
  /** Of the whole order, where it is known without its lines. */
  readonly cost?: Money;
  readonly channel?: string;
  readonly campaignId?: string;
}

export interface ReturnedLine {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: string;
}

/** A line as a caller names it: by id, or by sku where that is enough to tell it from the others. */
export interface LineToReturn {
  readonly lineId?: string;
  readonly sku?: string;
  readonly quantity: string;
}

interface ReturnFacts {
  /** Unique within its order. */
  readonly returnId: string;
  /** Missing: goods brought back without proof of purchase. */
  readonly orderId?: string;
  /** Only without an order: a purchase knows its customer. */
  readonly customerId?: string;
  /** A code, for instance one of `returnReasons`. */
  readonly reason: string;
  readonly channel?: string;
  readonly note?: Sealed;
}

/** Without lines and refund: all that is left of the purchase. With lines, or without an order, a refund is needed. */
export interface ReturnRequest extends ReturnFacts {
  readonly refund?: Money;
  readonly lines?: readonly LineToReturn[];
}

export interface Return extends ReturnFacts {
  readonly refund: Money;
  /** Missing: it is not known which goods came back. */
  readonly lines?: readonly ReturnedLine[];
  /** All that was left of the purchase was returned at once. */
  readonly whole?: true;
}

/** Reasons that reports know by name; a company may use codes of its own beside them. */
export const returnReasons = [
  'damaged',
  'defective',
  'wrong-item',
  'wrong-size',
  'not-as-described',
  'late',
  'changed-mind',
  'other',
] as const;

export interface PurchaseVoiding extends Voiding {
  readonly orderId: string;
}

export interface ReturnVoiding extends Voiding {
  readonly returnId: string;
  readonly orderId?: string;
}

export type RecordPurchase = Command<'RecordPurchase', Purchase>;
export type VoidPurchase = Command<'VoidPurchase', PurchaseVoiding>;
export type RecordReturn = Command<'RecordReturn', ReturnRequest>;
export type VoidReturn = Command<'VoidReturn', ReturnVoiding>;
export type PurchaseCommand = RecordPurchase | VoidPurchase | RecordReturn | VoidReturn;

export type PurchaseRecorded = DomainEvent<'PurchaseRecorded', Purchase>;
export type PurchaseVoided = DomainEvent<'PurchaseVoided', PurchaseVoiding>;
export type ReturnRecorded = DomainEvent<'ReturnRecorded', Return>;
export type ReturnVoided = DomainEvent<'ReturnVoided', ReturnVoiding>;
export type PurchaseEvent = PurchaseRecorded | PurchaseVoided | ReturnRecorded | ReturnVoided;
