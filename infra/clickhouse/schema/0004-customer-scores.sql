-- What model runs say of customers. Analytics writes here directly, a run's rows in one insert under the run's id as
-- deduplication token; they count once the event of the run is there and says that it is published (see the view
-- customer_value_history). A run of churn leaves the columns of customer value empty, and the other way round.
CREATE TABLE IF NOT EXISTS crm.customer_scores
(
    run_id String COMMENT 'The model run that computed the row',
    customer_id String COMMENT 'The customer, as of the run (merges known then are resolved)',
    as_of Date32 COMMENT 'Business date up to and including which events counted',
    clv Nullable(Decimal(18, 4)) COMMENT 'Customer lifetime value: expected future value, discounted over the horizon of the run',
    clv_low Nullable(Decimal(18, 4)) COMMENT 'Lower end of the interval of clv',
    clv_high Nullable(Decimal(18, 4)) COMMENT 'Upper end of the interval of clv',
    clv_currency LowCardinality(String) COMMENT 'ISO 4217 code of clv and expected_spend; empty without them',
    expected_purchases Nullable(Float64) COMMENT 'Expected number of purchases within the horizon of the run',
    expected_spend Nullable(Decimal(18, 4)) COMMENT 'Expected value of one purchase',
    p_alive Nullable(Float64) COMMENT 'Probability that the customer is still active, by the model; not a churn risk: see churn_risk',
    churn_risk Nullable(Float64) COMMENT 'Probability of no purchase within churn_horizon_days, calibrated on the backtest',
    churn_horizon_days Nullable(UInt16) COMMENT 'The horizon of churn_risk in days',
    churn_band LowCardinality(String) COMMENT 'Band of churn_risk: low, medium, high; empty without it',
    signals Array(LowCardinality(String)) COMMENT 'What else speaks for a loss: silent, open complaint, badly ended complaint, unanswered touches'
)
ENGINE = MergeTree
ORDER BY (run_id, customer_id)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1
COMMENT 'Scores of all model runs, published or not; read customer_value or customer_value_history instead';
