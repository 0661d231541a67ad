-- One row per month and currency: the first question that is asked of any company.
CREATE VIEW monthly_revenue
(
    month COMMENT 'First day of the month, by business date of the purchases',
    purchases COMMENT 'Number of sales and renewals',
    buyers COMMENT 'Number of customers with a purchase, those not known left out',
    new_buyers COMMENT 'Those of them who bought for the first time, in any currency',
    gross COMMENT 'What was paid, with tax and shipping',
    refunded COMMENT 'What was paid back for these purchases so far, in whatever month',
    revenue COMMENT 'What was paid without tax, less the part that was returned'
)
COMMENT 'One row per month and currency: purchases, buyers and revenue'
AS WITH first_purchases AS
(
    SELECT customer_id AS buyer, min(business_date) AS first_on
    FROM crm.purchase_values WHERE customer_id != '' GROUP BY buyer
)
SELECT
    toStartOfMonth(v.business_date) AS month,
    v.currency AS currency,
    count() AS purchases,
    uniqExactIf(v.customer_id, v.customer_id != '') AS buyers,
    uniqExactIf(v.customer_id, v.customer_id != '' AND f.first_on >= month AND v.business_date = f.first_on) AS new_buyers,
    sum(v.gross) AS gross,
    sum(v.refunded) AS refunded,
    sum(v.net) AS revenue
FROM crm.purchase_values AS v
LEFT JOIN first_purchases AS f ON f.buyer = v.customer_id
GROUP BY month, v.currency;
