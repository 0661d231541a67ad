import {
  type LineKind,
  lineKinds,
  type PurchaseKind,
  purchaseKinds,
  returnReasons,
} from '#crm/purchase/purchase-types';
import {
  Amount,
  Code,
  Money,
  Note,
  Quantity,
  ReasonCode,
  withQuantitiesAsText,
} from '../validation/crm-fields.js';
import { type FieldOptions, Flag, Id, Many, OccurredAt, OneOf } from '../validation/fields.js';
import { ReplacedBy, VoidReason } from '../validation/voiding-fields.js';

const MAX_LINES = 500;

const OrderId = (options: FieldOptions = {}): PropertyDecorator =>
  Id({ description: 'Your own id of the order.', example: 'o-5001', ...options });

const LineId = (description: string): PropertyDecorator => Id({ optional: true, description, example: '1' });

export class PurchaseLine {
  @LineId('What returns refer to. Default: the place of the line, from 1.')
  lineId?: string;

  @Id({ description: 'Stock keeping unit: what was bought.', example: 'tea-assam-250' })
  sku!: string;

  @Code({ optional: true, description: 'Category of goods.', example: 'tea' })
  category?: string;

  @OneOf(lineKinds, { optional: true, example: 'product' })
  kind?: LineKind;

  @Quantity({ description: 'Above 0, as number or as decimal text.', example: '2' })
  quantity!: string | number;

  @Amount({ optional: true, description: "Price of one unit, before the line's discount." })
  unitPrice?: Money;

  @Amount({ optional: true, description: 'Price of one unit as listed.' })
  listPrice?: Money;

  @Amount({ optional: true, description: 'What one unit costs the company.' })
  unitCost?: Money;

  @Amount({ optional: true, description: 'Discount on the whole line.' })
  discount?: Money;

  @Id({ optional: true, description: 'Offer under which it was bought.', example: 'offer-12' })
  offerId?: string;
}

export class RecordPurchase {
  @OrderId({ optional: true })
  orderId?: string;

  @Id({ optional: true, description: 'Who bought; may be left out.', example: 'c-1001' })
  customerId?: string;

  @OccurredAt()
  occurredAt!: string;

  @Amount({ description: 'What was paid: lines + tax (unless included) + shipping - discount.' })
  total!: Money;

  @OneOf(purchaseKinds, { optional: true, description: 'Default: sale.', example: 'sale' })
  kind?: PurchaseKind;

  @Id({ optional: true, description: 'Contract the purchase belongs to.', example: 'contract-77' })
  contractId?: string;

  @Many(() => PurchaseLine, { optional: true, max: MAX_LINES, description: 'What was bought.' })
  lines?: PurchaseLine[];

  @Amount({ optional: true, description: 'Tax, at most the total.' })
  tax?: Money;

  @Flag({ optional: true, description: 'The prices of the lines contain the tax already.', example: true })
  taxIncluded?: boolean;

  @Amount({ optional: true, description: 'Shipping.' })
  shipping?: Money;

  @Amount({ optional: true, description: 'Discount on the whole order, beside those of its lines.' })
  discount?: Money;

  @Amount({ optional: true, description: 'What the whole order cost the company, where lines do not say.' })
  cost?: Money;

  @Code({ optional: true, description: 'Channel of sale.', example: 'web' })
  channel?: string;

  @Id({ optional: true, description: 'Campaign the customer referred to.', example: 'spring-2024' })
  campaignId?: string;
}

export class VoidPurchase {
  @OrderId()
  orderId!: string;

  @VoidReason()
  reason!: string;

  @ReplacedBy('Order that takes its place.', 'o-5002')
  replacedBy?: string;

  @Note()
  note?: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class LineToReturn {
  @LineId('Line of the purchase; or name it by sku, where that is enough.')
  lineId?: string;

  @Id({ optional: true, description: 'Stock keeping unit.', example: 'tea-assam-250' })
  sku?: string;

  @Quantity({ description: 'Above 0, as number or as decimal text.', example: '1' })
  quantity!: string | number;
}

export class RecordReturn {
  @Id({ optional: true, description: 'Your own id of the return, unique in its order.', example: 'r-1' })
  returnId?: string;

  @OrderId({ optional: true, description: 'The order; left out for goods without proof of purchase.' })
  orderId?: string;

  @Id({
    optional: true,
    description: 'Only without an order: a purchase knows its customer.',
    example: 'c-1001',
  })
  customerId?: string;

  @OccurredAt()
  occurredAt!: string;

  @ReasonCode({
    description: `Why, as a code. Reports know ${returnReasons.join(', ')}.`,
    example: 'damaged',
  })
  reason!: string;

  @Amount({
    optional: true,
    description: 'What was paid back. Left out together with the lines: all that is left of the purchase.',
  })
  refund?: Money;

  @Many(() => LineToReturn, { optional: true, min: 1, max: MAX_LINES, description: 'What came back.' })
  lines?: LineToReturn[];

  @Code({ optional: true, description: 'Channel of the return.', example: 'store' })
  channel?: string;

  @Note()
  note?: string;
}

export class VoidReturn {
  @Id({ description: 'The return.', example: 'r-1' })
  returnId!: string;

  @OrderId({ optional: true, description: 'Its order, where it has one.' })
  orderId?: string;

  @VoidReason()
  reason!: string;

  @ReplacedBy('Return that takes its place.', 'r-2')
  replacedBy?: string;

  @Note()
  note?: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export const purchaseDtos = {
  RecordPurchase: { type: RecordPurchase, normalise: withQuantitiesAsText<RecordPurchase> },
  VoidPurchase: { type: VoidPurchase },
  RecordReturn: { type: RecordReturn, normalise: withQuantitiesAsText<RecordReturn> },
  VoidReturn: { type: VoidReturn },
} as const;
