-- What each customer spent on each business day, as far as it had happened by `asOf` and was known at `knownAt`:
-- purchases net of tax and of what was returned, without voided ones, trials, replacements and those returned
-- entirely. Purchases of one day are one. `cost` is null where that of any purchase of the day is unknown.
-- A voiding or a return counts from the position at which it was recorded; a return also by its own day.
-- Parameters: asOf Date32, knownAt UInt64, currency String; the table {identity} holds identity.sql.
WITH
    void_returns AS
    (
        SELECT stream, return_id FROM crm.purchase_ledger
        WHERE entry = 'return-void' AND position <= {knownAt:UInt64}
    ),
    changes AS
    (
        SELECT stream,
               countIf(entry = 'void') > 0 AS voided,
               sumIf(gross, entry = 'return' AND business_date <= {asOf:Date32}
                            AND (stream, return_id) NOT IN void_returns) AS refunded
        FROM crm.purchase_ledger
        WHERE entry != 'sale' AND position <= {knownAt:UInt64}
        GROUP BY stream
    ),
    sales AS
    (
        SELECT if(identity.survivor != '', identity.survivor, ledger.customer_id) AS customer_id,
               business_date AS day,
               toFloat64(ledger.gross) AS gross,
               toFloat64(changes.refunded) AS refunded,
               if(gross > 0, (gross - refunded) / gross, 1) AS kept,
               toFloat64(ledger.net) * kept AS net,
               toFloat64(ledger.cost) * kept AS cost
        FROM crm.purchase_ledger AS ledger
        LEFT ANY JOIN changes ON changes.stream = ledger.stream
        LEFT ANY JOIN crm.{identity:Identifier} AS identity ON identity.customer_id = ledger.customer_id
        WHERE entry = 'sale' AND kind IN ('sale', 'renewal') AND ledger.customer_id != ''
              AND position <= {knownAt:UInt64} AND business_date <= {asOf:Date32}
              AND currency = {currency:String}
              AND NOT changes.voided
              AND NOT (gross > 0 AND refunded >= gross)
    )
SELECT customer_id, day, sum(net) AS revenue, if(countIf(isNull(sales.cost)) = 0, sum(sales.cost), NULL) AS cost
FROM sales
GROUP BY customer_id, day
