-- One row per return, and one per voiding of a return. A return may have no order: goods brought back without proof of
-- purchase. What was bought and what came back are kept apart, so that both can be counted by their own days.
CREATE TABLE returns
(
    return_id String COMMENT 'Return id, unique within its order',
    order_id String COMMENT 'The order that it belongs to; empty for a return without one',
    event LowCardinality(String) COMMENT 'ReturnRecorded or ReturnVoided',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    customer_id String COMMENT 'The customer as recorded, merges not resolved; empty when not known',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When the goods came back',
    business_date Date32 COMMENT 'The day of the return in the business zone; what reports count by',
    refund Nullable(Decimal(18, 4)) COMMENT 'What was paid back',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of refund',
    reason LowCardinality(String) COMMENT 'Why: damaged, defective, wrong-item, changed-mind ... or a code of the company',
    channel LowCardinality(String) COMMENT 'Where it was brought back; empty when not known',
    lines Array(Tuple(line_id String, sku String, quantity Nullable(Decimal(18, 6)))) COMMENT 'What came back; empty when it is not known',
    void_reason LowCardinality(String) COMMENT 'Of a voiding: why; otherwise empty',
    replaced_by String COMMENT 'Of a voiding: the return that takes its place; otherwise empty'
)
ENGINE = MergeTree
ORDER BY (business_date, position)
COMMENT 'Returns and voidings of returns, as recorded';

WITH JSONExtract(data, 'Tuple(
    returnId String, orderId String, reason String, channel String, replacedBy String,
    refund Tuple(amount String, currency String),
    lines Array(Tuple(lineId String, sku String, quantity String)))') AS d
SELECT
    d.returnId AS return_id,
    d.orderId AS order_id,
    type AS event,
    position,
    recorded_at,
    customer_id,
    occurred_at,
    business_date,
    toDecimal64OrNull(d.refund.amount, 4) AS refund,
    d.refund.currency AS currency,
    if(type = 'ReturnRecorded', d.reason, '') AS reason,
    d.channel AS channel,
    arrayMap(l -> (l.lineId, l.sku, toDecimal64OrNull(l.quantity, 6)), d.lines) AS lines,
    if(type = 'ReturnVoided', d.reason, '') AS void_reason,
    d.replacedBy AS replaced_by
FROM events
WHERE type IN ('ReturnRecorded', 'ReturnVoided');

CREATE VIEW returns
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the return was recorded with'
)
COMMENT 'One row per return that was not voided'
AS SELECT
    r.return_id AS return_id,
    r.order_id AS order_id,
    surviving_customer(r.customer_id) AS customer_id,
    r.customer_id AS recorded_customer_id,
    r.occurred_at AS occurred_at,
    r.business_date AS business_date,
    r.recorded_at AS recorded_at,
    r.refund AS refund,
    r.currency AS currency,
    r.reason AS reason,
    r.channel AS channel,
    r.lines AS lines,
    r.position AS position
FROM returns AS r
WHERE r.event = 'ReturnRecorded'
    AND (r.order_id, r.return_id) NOT IN (SELECT order_id, return_id FROM returns WHERE event = 'ReturnVoided');

CREATE VIEW returns_with_voided
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the return was recorded with',
    voided_position COMMENT 'Position from which on the return does not count; null while it does',
    voided_at COMMENT 'When the voiding was recorded; null for none',
    void_reason COMMENT 'Why it was voided; empty when it was not'
)
COMMENT 'One row per return ever recorded. As of position P: WHERE position <= P AND (voided_position IS NULL OR voided_position > P)'
AS SELECT
    r.return_id AS return_id,
    r.order_id AS order_id,
    surviving_customer(r.customer_id) AS customer_id,
    r.customer_id AS recorded_customer_id,
    r.occurred_at AS occurred_at,
    r.business_date AS business_date,
    r.recorded_at AS recorded_at,
    r.refund AS refund,
    r.currency AS currency,
    r.reason AS reason,
    r.channel AS channel,
    r.position AS position,
    v.voided_position AS voided_position,
    v.voided_at AS voided_at,
    v.void_reason AS void_reason
FROM returns AS r
LEFT ANY JOIN
(
    SELECT order_id AS voided_order_id, return_id AS voided_return_id,
        toNullable(position) AS voided_position, toNullable(recorded_at) AS voided_at, void_reason
    FROM returns WHERE event = 'ReturnVoided'
) AS v ON v.voided_order_id = r.order_id AND v.voided_return_id = r.return_id
WHERE r.event = 'ReturnRecorded';
