-- One row per customer who has been silent for more than twice the gap that is usual between his or her purchases: who
-- leaves says so seldom. What may be the reason, or is another sign, stands beside it. Churn risk with its horizon is in
-- customer_value; this list needs no model and no run.
CREATE VIEW silent_customers
(
    last_purchase_on COMMENT 'The day of the last purchase',
    purchase_days COMMENT 'Number of days with a purchase; customers with fewer than three have no rhythm yet',
    mean_gap_days COMMENT 'Mean number of days between two days with a purchase',
    silent_days COMMENT 'Days since the last purchase, today',
    silence COMMENT 'silent_days / mean_gap_days',
    last_contact_on COMMENT 'The day of the last contact of any kind; null for none',
    open_complaints COMMENT 'Complaints that are open, or that wait for the customer',
    disputed_complaints COMMENT 'Complaints of which the customer did not accept an answer'
)
COMMENT 'One row per customer who has not bought for more than twice the usual time'
AS WITH rhythms AS
(
    SELECT
        customer_id,
        max(business_date) AS last_on,
        uniqExact(business_date) AS days,
        dateDiff('day', min(business_date), max(business_date)) / (days - 1) AS gap
    FROM crm.purchase_values
    WHERE customer_id != '' AND NOT returned
    GROUP BY customer_id
    HAVING days >= 3
)
SELECT
    r.customer_id AS customer_id,
    r.last_on AS last_purchase_on,
    r.days AS purchase_days,
    round(r.gap, 1) AS mean_gap_days,
    dateDiff('day', r.last_on, toDate32(today())) AS silent_days,
    round(silent_days / r.gap, 2) AS silence,
    i.last_contact_on AS last_contact_on,
    c.open_complaints AS open_complaints,
    c.disputed_complaints AS disputed_complaints
FROM rhythms AS r
LEFT JOIN
(
    SELECT customer_id, maxOrNull(business_date) AS last_contact_on FROM crm.interactions GROUP BY customer_id
) AS i ON i.customer_id = r.customer_id
LEFT JOIN
(
    SELECT customer_id, countIf(status IN ('open', 'waiting')) AS open_complaints, countIf(disputed) AS disputed_complaints
    FROM crm.complaints GROUP BY customer_id
) AS c ON c.customer_id = r.customer_id
WHERE silent_days > 2 * r.gap AND r.customer_id NOT IN (SELECT customer_id FROM crm.customers WHERE isNotNull(closed_at) OR erased);
