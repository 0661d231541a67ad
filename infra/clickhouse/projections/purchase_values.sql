-- One row per purchase with what it was worth in the end: what was returned is taken off, and the tax with it. Every
-- report that speaks of revenue counts these rows, so that they agree with each other and with customer value.
CREATE VIEW purchase_values
(
    gross COMMENT 'What was paid, with tax and shipping',
    refunded COMMENT 'What was paid back for returns of this purchase so far',
    net COMMENT 'What was paid without tax, less the part that was returned: revenue',
    returned COMMENT 'Whether all of it was paid back'
)
COMMENT 'One row per sale or renewal with what it was worth: trials, replacements and voided purchases are left out'
AS SELECT
    p.order_id AS order_id,
    p.customer_id AS customer_id,
    p.recorded_customer_id AS recorded_customer_id,
    p.occurred_at AS occurred_at,
    p.business_date AS business_date,
    p.kind AS kind,
    p.channel AS channel,
    p.currency AS currency,
    ifNull(p.total, 0) AS gross,
    CAST(r.refunds AS Decimal(38, 4)) AS refunded,
    toDecimal128(toString(round(toFloat64(gross - ifNull(p.tax, 0)) * if(gross > 0, greatest(toFloat64(gross - refunded) / toFloat64(gross), 0), 1), 4)), 4) AS net,
    CAST(gross > 0 AND refunded >= gross AS Bool) AS returned,
    p.position AS position
FROM crm.purchases AS p
LEFT ANY JOIN
(
    SELECT order_id AS returned_order_id, sum(ifNull(refund, 0)) AS refunds
    FROM crm.returns WHERE order_id != '' GROUP BY returned_order_id
) AS r ON r.returned_order_id = p.order_id
WHERE p.kind IN ('sale', 'renewal');
