import type { Upcaster } from '#eventing/upcaster';
import { parseProjection } from '#warehouse/projection-file';
import type { ProjectionSources } from '#warehouse/projection-status';
import type { UpcasterTwin } from '#warehouse/upcaster-twins';
import type { Judge } from './view-reader.js';

const sales = (field: string): string => `-- A row is a sale.
CREATE TABLE sales (
    position UInt64 COMMENT 'Position of the event', customer_id String COMMENT 'Who bought',
    amount Nullable(Decimal(18, 4)) COMMENT 'What was paid'
) ENGINE = MergeTree ORDER BY position COMMENT 'Sales';

SELECT position, customer_id, toDecimal64OrNull(JSONExtractString(data, '${field}'), 4) AS amount
FROM events WHERE type = 'Sold';

CREATE VIEW sales COMMENT 'Sales' AS SELECT * FROM sales;

CREATE VIEW sales_totals (n COMMENT 'How many sales', total COMMENT 'What was paid in all')
COMMENT 'Sales in all' AS SELECT count() AS n, toInt64(sum(amount)) AS total FROM sales;
`;

/** Takes events of every type, and the engine folds its rows: what `sales` is not. */
const CUSTOMERS = `-- A row is a customer, after folding.
CREATE TABLE sold_to (
    customer_id String COMMENT 'Who bought', events UInt64 COMMENT 'How often'
) ENGINE = SummingMergeTree ORDER BY customer_id COMMENT 'Customers';

SELECT customer_id, 1 AS events FROM events;

CREATE VIEW sold_to (customers COMMENT 'How many', events COMMENT 'How many events')
COMMENT 'Customers' AS SELECT uniqExact(customer_id) AS customers, sum(events) AS events FROM sold_to;
`;

const sourcesOf = (...files: readonly [string, string][]): ProjectionSources => ({
  definitions: files.map(([name, sql]) => parseProjection(name, sql)),
  twins: [],
  invalid: new Map(),
});

/** A sale counts one, ... */
export const ONE_EACH = sourcesOf(['sales', sales('amount')], ['sold_to', CUSTOMERS]);
/** ... or two. */
export const TWO_EACH = sourcesOf(['sales', sales('total')], ['sold_to', CUSTOMERS]);

const payments = (amount: string, currency: string): string => `-- A row is a payment.
CREATE TABLE payments (
    id String COMMENT 'Which', amount Nullable(Decimal(18, 4)) COMMENT 'How much', currency String COMMENT 'Of what'
) ENGINE = MergeTree ORDER BY id COMMENT 'Payments';

SELECT JSONExtractString(data, 'id') AS id, toDecimal64OrNull(${amount}, 4) AS amount, ${currency} AS currency
FROM events WHERE type = 'Paid';

CREATE VIEW payments COMMENT 'Payments' AS SELECT * FROM payments;
`;

interface FirstPayment {
  readonly id: string;
  readonly amount: string;
}

/** The first version knew euros alone, the second says so. */
export const PAYMENT_UPCASTERS: readonly Upcaster[] = [
  {
    type: 'Paid',
    fromVersion: 1,
    upcast: ({ id, amount }: FirstPayment) => ({ id, total: { amount, currency: 'EUR' } }),
  },
];

const PAYMENT_TWIN: UpcasterTwin = {
  type: 'Paid',
  fromVersion: 1,
  functionName: 'upcast_Paid_1',
  sql: `CREATE OR REPLACE FUNCTION upcast_Paid_1 AS (data) -> concat('{"id":', JSONExtractRaw(data, 'id'),
    ',"total":{"amount":', JSONExtractRaw(data, 'amount'), ',"currency":"EUR"}}')`,
};

export const PAYMENTS_BEFORE = sourcesOf([
  'payments',
  payments(`JSONExtractString(data, 'amount')`, `'EUR'`),
]);
export const PAYMENTS_AFTER: ProjectionSources = {
  ...sourcesOf([
    'payments',
    payments(`JSONExtractString(data, 'total', 'amount')`, `JSONExtractString(data, 'total', 'currency')`),
  ]),
  twins: [PAYMENT_TWIN],
};

export interface Totals {
  readonly n: number;
  readonly total: number;
}

export const TOTALS = 'SELECT n, total FROM crm.sales_totals';

/** Whatever had landed before, no less than was seen before, and all of it by one rule. */
export const wholeAndNeverLess = (): Judge<Totals> => {
  let seen = 1;
  return ({ n, total }, landed) => {
    const isWhole = n >= landed && n >= seen && (total === n || total === 2 * n);
    seen = Math.max(seen, n);
    return isWhole;
  };
};
