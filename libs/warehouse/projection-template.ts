import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, invalid } from '#eventing/errors';

/** Where projections live, seen from the root of the repository. */
export const PROJECTIONS_DIRECTORY = join('infra', 'clickhouse', 'projections');

/**
 * Writes the SQL file of a new projection and its spec, both of which work as they are, and returns their paths.
 * @throws PerennialError `projection-name-invalid`, `projection-exists`
 */
export const newProjection = (name: string, directory = PROJECTIONS_DIRECTORY): string[] => {
  if (!/^[a-z][a-z0-9_]{0,60}$/.test(name) || /_v\d+$/.test(name))
    throw invalid(
      'projection-name-invalid',
      `${name} cannot be the name of a view: lower case, digits and underscores, and no _v1 at its end.`,
    );
  const files = { [`${name}.sql`]: sqlOf(name), [`${name}.spec.yaml`]: specOf(name) };
  const taken = Object.keys(files).find((file) => existsSync(join(directory, file)));
  if (taken) throw conflict('projection-exists', `${join(directory, taken)} is there already.`);
  return Object.entries(files).map(([file, content]) => {
    const path = join(directory, file);
    writeFileSync(path, content);
    return path;
  });
};

const sqlOf = (name: string): string => `-- One row per ... (say what a row is, and why somebody needs it).
CREATE TABLE ${name}
(
    order_id String COMMENT 'Order id, as given by the shop',
    customer_id String COMMENT 'The customer as recorded, merges not resolved; empty when not known',
    business_date Date32 COMMENT 'The day of the purchase in the business zone; what reports count by',
    total Nullable(Decimal(18, 4)) COMMENT 'What was paid',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of total',
    position UInt64 COMMENT 'Position of the event: it was known from here on'
)
ENGINE = MergeTree
ORDER BY (customer_id, order_id)
COMMENT 'What this table holds';

-- Runs inside every insert of events, and again over all of them when the projection is rebuilt. So it reads nothing
-- but events, and nothing in it may throw: toDecimal64OrNull, not toDecimal64.
WITH JSONExtract(data, 'Tuple(orderId String, total Tuple(amount String, currency String))') AS d
SELECT
    d.orderId AS order_id,
    customer_id,
    business_date,
    toDecimal64OrNull(d.total.amount, 4) AS total,
    d.total.currency AS currency,
    position
FROM events
WHERE type = 'PurchaseRecorded';

-- What analysts read, as crm.${name}. Columns without a comment here take that of the table's column of the same name.
CREATE VIEW ${name}
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that it was recorded with'
)
COMMENT 'One row per ...'
AS SELECT
    t.order_id AS order_id,
    surviving_customer(t.customer_id) AS customer_id,
    t.customer_id AS recorded_customer_id,
    t.business_date AS business_date,
    t.total AS total,
    t.currency AS currency,
    t.position AS position
FROM ${name} AS t;
`;

const specOf = (
  name: string,
): string => `# Given these events, expect these rows of crm.${name}. Only the columns that are named here are compared.
# An event is its type and data; beside it may stand what matters of the rest: on (a day or an instant), customer,
# stream, version (of the schema). Every case is tried in one batch, with later streams first, and by a rebuild.
- it: shows a purchase
  given:
    - PurchaseRecorded: { orderId: o1, customerId: c1, total: { amount: "12.34", currency: EUR } }
      on: 2024-05-01
  expect:
    - { order_id: o1, customer_id: c1, business_date: 2024-05-01, total: 12.34, currency: EUR }

- it: shows it under the customer's new name after a merge
  given:
    - PurchaseRecorded: { orderId: o1, customerId: c1, total: { amount: "12.34", currency: EUR } }
    - CustomerMerged: { customerId: c1, into: c2, reason: duplicate }
  expect:
    - { order_id: o1, customer_id: c2, recorded_customer_id: c1 }
`;
