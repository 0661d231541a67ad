-- One row per run of a model, completed or failed: from which facts, with which parameters, how well it did on the
-- past, and whether its scores are shown.
CREATE TABLE model_runs
(
    run_id String COMMENT 'Id of the run',
    status LowCardinality(String) COMMENT 'completed or failed',
    purpose LowCardinality(String) COMMENT 'clv or churn',
    model LowCardinality(String) COMMENT 'bg-nbd, pareto-nbd, mbg-nbd ...',
    as_of Nullable(Date32) COMMENT 'Business date up to and including which events counted',
    known_at UInt64 COMMENT 'Event position up to and including which events were known',
    time_unit LowCardinality(String) COMMENT 'day, week or month',
    published Bool COMMENT 'Whether its scores are shown: a run that loses to its baseline is not published',
    reason String COMMENT 'Why it failed, or is not published; otherwise empty',
    customers UInt64 COMMENT 'Number of customers in the fit',
    parameters Map(String, Float64) COMMENT 'Estimated parameters, by name',
    standard_errors Map(String, Float64) COMMENT 'Standard errors of the parameters, by name',
    log_likelihood Nullable(Float64) COMMENT 'Log-likelihood at the estimate',
    converged Nullable(Bool) COMMENT 'Whether the fit converged',
    monetary_model LowCardinality(String) COMMENT 'The model of spend that goes with it; empty for none',
    monetary_parameters Map(String, Float64) COMMENT 'Its parameters, by name',
    backtest String COMMENT 'How it did on the past against a naive baseline, as JSON; empty when not tested',
    calibration String COMMENT 'How well its probabilities agree with what came, as JSON; empty when not calibrated',
    options String COMMENT 'What whoever ran it chose: horizon, discount rate ..., as JSON',
    code_version LowCardinality(String) COMMENT 'Version of the program that computed it',
    completed_at DateTime64(3, 'UTC') COMMENT 'When it was completed or failed',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When that was recorded',
    position UInt64 COMMENT 'Position of the event: it was known from here on'
)
ENGINE = MergeTree
ORDER BY run_id
COMMENT 'One row per model run: from which facts, with which parameters, and how well it did on the past';

WITH JSONExtract(data, 'Tuple(
    modelRunId String, purpose String, model String, asOf String, knownAt UInt64, timeUnit String, published Bool,
    reason String, reasonUnpublished String, customers UInt64, parameters Map(String, Float64),
    standardErrors Map(String, Float64), logLikelihood Nullable(Float64), convergence Tuple(converged Nullable(Bool)),
    monetary Tuple(model String, parameters Map(String, Float64)), codeVersion String)') AS d
SELECT
    d.modelRunId AS run_id,
    if(type = 'ModelRunCompleted', 'completed', 'failed') AS status,
    d.purpose AS purpose,
    d.model AS model,
    toDate32OrNull(d.asOf) AS as_of,
    d.knownAt AS known_at,
    d.timeUnit AS time_unit,
    d.published AS published,
    if(d.reason = '', d.reasonUnpublished, d.reason) AS reason,
    d.customers AS customers,
    d.parameters AS parameters,
    d.standardErrors AS standard_errors,
    d.logLikelihood AS log_likelihood,
    d.convergence.converged AS converged,
    d.monetary.model AS monetary_model,
    d.monetary.parameters AS monetary_parameters,
    JSONExtractRaw(data, 'backtest') AS backtest,
    JSONExtractRaw(data, 'calibration') AS calibration,
    JSONExtractRaw(data, 'options') AS options,
    d.codeVersion AS code_version,
    occurred_at AS completed_at,
    recorded_at,
    position
FROM events
WHERE type IN ('ModelRunCompleted', 'ModelRunFailed');
