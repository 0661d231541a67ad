-- One row per customer who was assigned to an arm of a campaign, and one where an import brought what came of it. The
-- arm never changes, whatever reached the member afterwards: that is what makes the comparison of arms fair.
CREATE TABLE campaign_members
(
    campaign_id String COMMENT 'Id of the campaign',
    customer_id String COMMENT 'The member as recorded, merges not resolved',
    event LowCardinality(String) COMMENT 'MemberAssigned or OutcomeImported',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When the member was assigned',
    business_date Date32 COMMENT 'The day of the assignment in the business zone: outcomes count from here on',
    arm LowCardinality(String) COMMENT 'The arm that was assigned; control for those held out',
    probability Nullable(Float64) COMMENT 'With which this arm was to come out',
    held_out Bool COMMENT 'Whether the member is held out as control',
    covariates Map(LowCardinality(String), Float64) COMMENT 'Figures from before the assignment that an import brought along',
    visits Nullable(UInt32) COMMENT 'Imported outcome: visits in the outcome window; null when not imported',
    conversions Nullable(UInt32) COMMENT 'Imported outcome: conversions in the outcome window; null when not imported',
    spend Nullable(Decimal(18, 4)) COMMENT 'Imported outcome: spend in the outcome window; null when not imported',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of spend; empty without it'
)
ENGINE = MergeTree
ORDER BY (campaign_id, customer_id, event)
COMMENT 'Assignments of campaign members, and imported outcomes, as recorded';

WITH JSONExtract(data, 'Tuple(
    campaignId String, customerId String, arm String, probability Nullable(Float64), heldOut Bool,
    covariates Map(String, Float64), visits Nullable(UInt32), conversions Nullable(UInt32),
    spend Tuple(amount String, currency String))') AS d
SELECT
    d.campaignId AS campaign_id,
    d.customerId AS customer_id,
    type AS event,
    position,
    recorded_at,
    occurred_at,
    business_date,
    d.arm AS arm,
    d.probability AS probability,
    d.heldOut AS held_out,
    d.covariates AS covariates,
    d.visits AS visits,
    d.conversions AS conversions,
    toDecimal64OrNull(d.spend.amount, 4) AS spend,
    d.spend.currency AS currency
FROM events
WHERE type IN ('MemberAssigned', 'OutcomeImported');

CREATE VIEW campaign_members
(
    customer_id COMMENT 'The member, merges resolved',
    recorded_customer_id COMMENT 'The customer id that was assigned',
    reached COMMENT 'Whether any message was sent to the member; assignment is what counts, not this',
    contaminated COMMENT 'Whether the member was held out and touched all the same',
    has_outcome COMMENT 'Whether an import brought what came of it'
)
COMMENT 'One row per member of a campaign, with the arm that was assigned'
AS SELECT
    m.campaign_id AS campaign_id,
    surviving_customer(m.customer_id) AS customer_id,
    m.customer_id AS recorded_customer_id,
    m.arm AS arm,
    m.held_out AS held_out,
    m.probability AS probability,
    m.occurred_at AS occurred_at,
    m.business_date AS business_date,
    m.recorded_at AS recorded_at,
    CAST((m.campaign_id, m.customer_id) IN (
        SELECT campaign_id, recorded_customer_id FROM crm.campaign_touches
        WHERE touch IN ('sent', 'delivered', 'opened', 'clicked') AND NOT contamination) AS Bool) AS reached,
    CAST((m.campaign_id, m.customer_id) IN (
        SELECT campaign_id, recorded_customer_id FROM crm.campaign_touches WHERE contamination) AS Bool) AS contaminated,
    m.covariates AS covariates,
    CAST(o.outcome_of != '' AS Bool) AS has_outcome,
    o.visits AS visits,
    o.conversions AS conversions,
    o.spend AS spend,
    o.currency AS currency,
    m.position AS position
FROM campaign_members AS m
LEFT ANY JOIN
(
    SELECT campaign_id AS outcome_of, customer_id AS outcome_for, visits, conversions, spend, currency
    FROM campaign_members WHERE event = 'OutcomeImported'
) AS o ON o.outcome_of = m.campaign_id AND o.outcome_for = m.customer_id
WHERE m.event = 'MemberAssigned';
