-- One row per cohort, month of its life and currency: how many of those who first bought in one month come back later,
-- and what they spend. What a company's growth is made of shows here long before it shows in revenue.
CREATE VIEW purchase_cohorts
(
    cohort_month COMMENT 'Month of the first purchase of everybody in the cohort, in any currency',
    months_since COMMENT 'Months since then; 0 for the month of the first purchase',
    cohort_size COMMENT 'Number of customers in the cohort',
    buyers COMMENT 'Those of them with a purchase in this month and currency',
    share COMMENT 'buyers / cohort_size',
    purchases COMMENT 'Their purchases',
    revenue COMMENT 'What they paid without tax, less the part that was returned'
)
COMMENT 'One row per month of first purchase, months since then and currency: who comes back'
AS WITH
    first_purchases AS
    (
        SELECT customer_id AS buyer, toStartOfMonth(min(business_date)) AS first_month
        FROM crm.purchase_values WHERE customer_id != '' GROUP BY buyer
    ),
    sizes AS (SELECT first_month AS size_of, count() AS size FROM first_purchases GROUP BY size_of)
SELECT
    f.first_month AS cohort_month,
    toUInt32(dateDiff('month', f.first_month, v.business_date)) AS months_since,
    v.currency AS currency,
    any(s.size) AS cohort_size,
    uniqExact(v.customer_id) AS buyers,
    round(buyers / cohort_size, 4) AS share,
    count() AS purchases,
    sum(v.net) AS revenue
FROM crm.purchase_values AS v
INNER JOIN first_purchases AS f ON f.buyer = v.customer_id
INNER JOIN sizes AS s ON s.size_of = f.first_month
GROUP BY cohort_month, months_since, v.currency;
