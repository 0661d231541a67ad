-- One row per customer with a first purchase by `asOf`: the purchase history that the models of repeat buying need.
-- x is the number of repeat purchase days; times are in days; mean_spend is the mean of the repeat days (the first
-- is left out, as in Fader and Hardie), by revenue or by margin.
-- Parameters: asOf Date32, byMargin UInt8; the table {days} holds purchase_days.sql.
SELECT customer_id,
       toUInt32(count() - 1) AS x,
       toUInt32(toInt32(max(day)) - toInt32(min(day))) AS tx_days,
       toUInt32(toInt32({asOf:Date32}) - toInt32(min(day))) AS t_days,
       if(x > 0, (sum(value) - argMin(value, day)) / x, 0) AS mean_spend
FROM
(
    SELECT customer_id, day, revenue - if({byMargin:UInt8}, ifNull(cost, 0), 0) AS value
    FROM crm.{days:Identifier}
)
GROUP BY customer_id
