-- One row per purchase, and one per voiding of a purchase. The lines stay with the purchase, so that an order is read
-- once and either lands whole or not at all. The public views put the two together when they are read: a voided
-- purchase is not counted, but an as-of report from before the voiding can still see it.
CREATE TABLE purchases
(
    order_id String COMMENT 'Order id, as given by the shop',
    event LowCardinality(String) COMMENT 'PurchaseRecorded or PurchaseVoided',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    customer_id String COMMENT 'The customer as recorded, merges not resolved; empty when not known',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When the purchase was made',
    business_date Date32 COMMENT 'The day of the purchase in the business zone; what reports count by',
    kind LowCardinality(String) COMMENT 'sale, renewal, trial or replacement',
    total Nullable(Decimal(18, 4)) COMMENT 'What was paid, with tax and shipping, less discounts; returns are not subtracted',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of all amounts of the purchase',
    tax Nullable(Decimal(18, 4)) COMMENT 'Tax contained in the total; null when not known',
    shipping Nullable(Decimal(18, 4)) COMMENT 'Shipping contained in the total; null when not known',
    discount Nullable(Decimal(18, 4)) COMMENT 'Discount on the whole order, beside those of its lines; null for none',
    cost Nullable(Decimal(18, 4)) COMMENT 'What the whole order cost the company, where it is known without the lines',
    channel LowCardinality(String) COMMENT 'Where it was bought: store, web, phone ...; empty when not known',
    campaign_id String COMMENT 'The campaign that the shop attributes it to; empty for none. Campaign performance does not use it',
    contract_id String COMMENT 'The contract that it begins or renews; empty for none',
    lines Array(Tuple(
        line_id String,
        sku String,
        category String,
        kind String,
        quantity Nullable(Decimal(18, 6)),
        unit_price Nullable(Decimal(18, 4)),
        list_price Nullable(Decimal(18, 4)),
        unit_cost Nullable(Decimal(18, 4)),
        discount Nullable(Decimal(18, 4)),
        offer_id String)) COMMENT 'What was bought, where it is known',
    void_reason LowCardinality(String) COMMENT 'Of a voiding: why; otherwise empty',
    replaced_by String COMMENT 'Of a voiding: the order that takes its place; otherwise empty'
)
ENGINE = MergeTree
ORDER BY (business_date, position)
COMMENT 'Purchases and voidings of purchases, as recorded';

WITH JSONExtract(data, 'Tuple(
    orderId String, kind String, contractId String, channel String, campaignId String, reason String, replacedBy String,
    total Tuple(amount String, currency String), tax Tuple(amount String), shipping Tuple(amount String),
    discount Tuple(amount String), cost Tuple(amount String),
    lines Array(Tuple(lineId String, sku String, category String, kind String, offerId String, quantity String,
        unitPrice Tuple(amount String), listPrice Tuple(amount String), unitCost Tuple(amount String),
        discount Tuple(amount String))))') AS d
SELECT
    d.orderId AS order_id,
    type AS event,
    position,
    recorded_at,
    customer_id,
    occurred_at,
    business_date,
    if(type = 'PurchaseRecorded' AND d.kind = '', 'sale', d.kind) AS kind,
    toDecimal64OrNull(d.total.amount, 4) AS total,
    d.total.currency AS currency,
    toDecimal64OrNull(d.tax.amount, 4) AS tax,
    toDecimal64OrNull(d.shipping.amount, 4) AS shipping,
    toDecimal64OrNull(d.discount.amount, 4) AS discount,
    toDecimal64OrNull(d.cost.amount, 4) AS cost,
    d.channel AS channel,
    d.campaignId AS campaign_id,
    d.contractId AS contract_id,
    arrayMap(l -> (
        l.lineId, l.sku, l.category, if(l.kind = '', 'product', l.kind),
        toDecimal64OrNull(l.quantity, 6), toDecimal64OrNull(l.unitPrice.amount, 4),
        toDecimal64OrNull(l.listPrice.amount, 4), toDecimal64OrNull(l.unitCost.amount, 4),
        toDecimal64OrNull(l.discount.amount, 4), l.offerId), d.lines) AS lines,
    if(type = 'PurchaseVoided', d.reason, '') AS void_reason,
    d.replacedBy AS replaced_by
FROM events
WHERE type IN ('PurchaseRecorded', 'PurchaseVoided');

CREATE VIEW purchases
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the purchase was recorded with',
    line_count COMMENT 'Number of lines in purchase_lines; 0 where they are not known'
)
COMMENT 'One row per purchase that was not voided'
AS SELECT
    p.order_id AS order_id,
    surviving_customer(p.customer_id) AS customer_id,
    p.customer_id AS recorded_customer_id,
    p.occurred_at AS occurred_at,
    p.business_date AS business_date,
    p.recorded_at AS recorded_at,
    p.kind AS kind,
    p.total AS total,
    p.currency AS currency,
    p.tax AS tax,
    p.shipping AS shipping,
    p.discount AS discount,
    p.cost AS cost,
    p.channel AS channel,
    p.campaign_id AS campaign_id,
    p.contract_id AS contract_id,
    length(p.lines) AS line_count,
    p.position AS position
FROM purchases AS p
WHERE p.event = 'PurchaseRecorded'
    AND p.order_id NOT IN (SELECT order_id FROM purchases WHERE event = 'PurchaseVoided');

CREATE VIEW purchases_with_voided
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the purchase was recorded with',
    voided_position COMMENT 'Position from which on the purchase does not count; null while it does',
    voided_at COMMENT 'When the voiding was recorded; null for none',
    void_reason COMMENT 'Why it was voided; empty when it was not',
    replaced_by COMMENT 'The order that takes its place; empty for none'
)
COMMENT 'One row per purchase ever recorded. As of position P: WHERE position <= P AND (voided_position IS NULL OR voided_position > P)'
AS SELECT
    p.order_id AS order_id,
    surviving_customer(p.customer_id) AS customer_id,
    p.customer_id AS recorded_customer_id,
    p.occurred_at AS occurred_at,
    p.business_date AS business_date,
    p.recorded_at AS recorded_at,
    p.kind AS kind,
    p.total AS total,
    p.currency AS currency,
    p.tax AS tax,
    p.shipping AS shipping,
    p.discount AS discount,
    p.cost AS cost,
    p.channel AS channel,
    p.campaign_id AS campaign_id,
    p.contract_id AS contract_id,
    p.position AS position,
    v.voided_position AS voided_position,
    v.voided_at AS voided_at,
    v.void_reason AS void_reason,
    v.replaced_by AS replaced_by
FROM purchases AS p
LEFT ANY JOIN
(
    SELECT order_id AS voided_order_id, toNullable(position) AS voided_position, toNullable(recorded_at) AS voided_at,
        void_reason, replaced_by
    FROM purchases WHERE event = 'PurchaseVoided'
) AS v ON v.voided_order_id = p.order_id
WHERE p.event = 'PurchaseRecorded';

CREATE VIEW purchase_lines
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the purchase was recorded with',
    line_id COMMENT 'The line within its order',
    sku COMMENT 'Article number of what was bought',
    category COMMENT 'Category of the article; empty when not known',
    kind COMMENT 'product, service or warranty',
    purchase_kind COMMENT 'Of the order: sale, renewal, trial or replacement',
    quantity COMMENT 'How much of it was bought',
    unit_price COMMENT 'Price of one, before the discount of the line; null when not known',
    list_price COMMENT 'List price of one; null when not known',
    unit_cost COMMENT 'What one cost the company; null when not known',
    discount COMMENT 'Discount on the whole line; null for none',
    amount COMMENT 'quantity x unit_price - discount; null when the price is not known',
    offer_id COMMENT 'The offer under which it was bought; empty for none'
)
COMMENT 'One row per line of a purchase that was not voided, where lines are known'
AS SELECT
    p.order_id AS order_id,
    l.line_id AS line_id,
    surviving_customer(p.customer_id) AS customer_id,
    p.customer_id AS recorded_customer_id,
    p.occurred_at AS occurred_at,
    p.business_date AS business_date,
    p.recorded_at AS recorded_at,
    l.sku AS sku,
    l.category AS category,
    l.kind AS kind,
    p.kind AS purchase_kind,
    l.quantity AS quantity,
    l.unit_price AS unit_price,
    l.list_price AS list_price,
    l.unit_cost AS unit_cost,
    l.discount AS discount,
    CAST(round(CAST(l.quantity AS Nullable(Decimal(38, 6))) * l.unit_price, 4) - ifNull(l.discount, 0) AS Nullable(Decimal(38, 4))) AS amount,
    p.currency AS currency,
    l.offer_id AS offer_id,
    p.channel AS channel,
    p.campaign_id AS campaign_id,
    p.position AS position
FROM purchases AS p
ARRAY JOIN p.lines AS l
WHERE p.event = 'PurchaseRecorded'
    AND p.order_id NOT IN (SELECT order_id FROM purchases WHERE event = 'PurchaseVoided');
