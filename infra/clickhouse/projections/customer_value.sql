-- What published model runs say of customers: their value, and how likely they are lost. A run's scores appear here at
-- once and as a whole, when the event of the run has come and says that it is published; until then they are unseen.
CREATE VIEW customer_value_history
(
    customer_id COMMENT 'The customer, merges resolved as they are now',
    scored_customer_id COMMENT 'The customer id as of the run',
    purpose COMMENT 'What the run was for: clv or churn',
    model COMMENT 'The model of the run',
    run_position COMMENT 'Position of the event of the run: the score was known from here on'
)
COMMENT 'One row per customer and published model run: every score ever shown'
AS SELECT
    surviving_customer(s.customer_id) AS customer_id,
    s.customer_id AS scored_customer_id,
    s.run_id AS run_id,
    r.purpose AS purpose,
    r.model AS model,
    s.as_of AS as_of,
    s.clv AS clv,
    s.clv_low AS clv_low,
    s.clv_high AS clv_high,
    s.clv_currency AS clv_currency,
    s.expected_purchases AS expected_purchases,
    s.expected_spend AS expected_spend,
    s.p_alive AS p_alive,
    s.churn_risk AS churn_risk,
    s.churn_horizon_days AS churn_horizon_days,
    s.churn_band AS churn_band,
    s.signals AS signals,
    r.position AS run_position
FROM crm.customer_scores AS s
INNER JOIN crm.model_runs AS r ON r.run_id = s.run_id
WHERE r.status = 'completed' AND r.published;

CREATE VIEW customer_value
(
    customer_id COMMENT 'The customer, merges resolved',
    clv COMMENT 'Customer lifetime value: expected future value, discounted over the horizon of the run; null when not computed',
    clv_as_of COMMENT 'Business date as of which the value was computed; null when it was not',
    clv_run_id COMMENT 'The run that computed the value; empty for none',
    p_alive COMMENT 'Probability that the customer is still active, by the model; not a churn risk: see churn_risk',
    churn_risk COMMENT 'Probability of no purchase within churn_horizon_days; null when not computed',
    churn_as_of COMMENT 'Business date as of which the risk was computed; null when it was not',
    churn_run_id COMMENT 'The run that computed the risk; empty for none'
)
COMMENT 'One row per customer: the latest published value and churn risk'
AS SELECT
    t.customer_id AS customer_id,
    t.value.1 AS clv,
    t.value.2 AS clv_low,
    t.value.3 AS clv_high,
    t.value.4 AS clv_currency,
    t.value.5 AS expected_purchases,
    t.value.6 AS expected_spend,
    if(t.value.9 = '', t.churn.6, t.value.7) AS p_alive,
    t.value.8 AS clv_as_of,
    t.value.9 AS clv_run_id,
    t.churn.1 AS churn_risk,
    t.churn.2 AS churn_horizon_days,
    t.churn.3 AS churn_band,
    t.churn.4 AS signals,
    t.churn.5 AS churn_as_of,
    t.churn.7 AS churn_run_id
FROM
(
    SELECT
        h.customer_id AS customer_id,
        argMaxIf(
            (h.clv, h.clv_low, h.clv_high, h.clv_currency, h.expected_purchases, h.expected_spend, h.p_alive, toNullable(h.as_of), h.run_id),
            (h.as_of, h.run_position, h.scored_customer_id = h.customer_id, h.scored_customer_id), h.purpose = 'clv') AS value,
        argMaxIf(
            (h.churn_risk, h.churn_horizon_days, h.churn_band, h.signals, toNullable(h.as_of), h.p_alive, h.run_id),
            (h.as_of, h.run_position, h.scored_customer_id = h.customer_id, h.scored_customer_id), h.purpose = 'churn') AS churn
    FROM crm.customer_value_history AS h
    GROUP BY h.customer_id
) AS t;
