-- One row per customer and currency: recency, frequency and monetary value of purchases, the oldest and still the
-- handiest way to tell customers apart. Computed when it is read, from what purchases were worth in the end.
CREATE VIEW customer_rfm
(
    first_purchase_on COMMENT 'The day of the first purchase',
    last_purchase_on COMMENT 'The day of the last purchase',
    recency_days COMMENT 'Days since the last purchase, today',
    frequency COMMENT 'Number of purchases',
    purchase_days COMMENT 'Number of days with a purchase',
    monetary COMMENT 'Revenue of all purchases: net of tax and returns',
    mean_purchase COMMENT 'Revenue per purchase',
    r_score COMMENT 'Recency in fifths of all customers with purchases in this currency: 5 for those who bought last',
    f_score COMMENT 'Frequency in fifths of all customers with purchases in this currency: 5 for those who bought most often',
    m_score COMMENT 'Monetary value in fifths of all customers with purchases in this currency: 5 for those who spent most'
)
COMMENT 'One row per customer and currency: how recently, how often and for how much the customer bought. Purchases returned entirely do not count'
AS SELECT
    t.customer_id AS customer_id,
    t.currency AS currency,
    t.first_purchase_on AS first_purchase_on,
    t.last_purchase_on AS last_purchase_on,
    dateDiff('day', t.last_purchase_on, toDate32(today())) AS recency_days,
    t.frequency AS frequency,
    t.purchase_days AS purchase_days,
    t.monetary AS monetary,
    round(toFloat64(t.monetary) / t.frequency, 4) AS mean_purchase,
    toUInt8(ntile(5) OVER (PARTITION BY t.currency ORDER BY t.last_purchase_on, t.customer_id)) AS r_score,
    toUInt8(ntile(5) OVER (PARTITION BY t.currency ORDER BY t.frequency, t.last_purchase_on, t.customer_id)) AS f_score,
    toUInt8(ntile(5) OVER (PARTITION BY t.currency ORDER BY t.monetary, t.customer_id)) AS m_score
FROM
(
    SELECT
        v.customer_id AS customer_id,
        v.currency AS currency,
        min(v.business_date) AS first_purchase_on,
        max(v.business_date) AS last_purchase_on,
        count() AS frequency,
        uniqExact(v.business_date) AS purchase_days,
        sum(v.net) AS monetary
    FROM crm.purchase_values AS v
    WHERE v.customer_id != '' AND NOT v.returned
    GROUP BY v.customer_id, v.currency
) AS t;
