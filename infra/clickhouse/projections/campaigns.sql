-- One row per event of a campaign. A campaign has a handful of events, so the public view folds them when it is read.
CREATE TABLE campaigns
(
    campaign_id String COMMENT 'Id of the campaign',
    revision UInt64 COMMENT 'Order of the events of this campaign',
    event LowCardinality(String) COMMENT 'CampaignPlanned, CampaignLaunched, CampaignLaunchFailed, AudienceSelected, AudienceFrozen, CampaignCostRecorded or CampaignEnded',
    position UInt64 COMMENT 'Position of the event: it was known from here on',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened',
    business_date Date32 COMMENT 'The day on which it happened, in the business zone',
    name String COMMENT 'Name of the campaign',
    goal LowCardinality(String) COMMENT 'What it is to achieve',
    phase LowCardinality(String) COMMENT 'Where in the relationship it works: acquisition, retention, win-back or termination',
    channel LowCardinality(String) COMMENT 'Channel of the campaign',
    audience LowCardinality(String) COMMENT 'selected, or none: mass advertising, which has cost and no causal figure',
    arms Array(Tuple(name String, share Float64)) COMMENT 'The arms and their shares, without the control group',
    hold_out Nullable(Float64) COMMENT 'Probability of being held out as control',
    primary_metric LowCardinality(String) COMMENT 'What it is measured by: conversion, revenue or visit',
    outcome_window_days Nullable(UInt32) COMMENT 'Days after the assignment of a member in which outcomes count',
    imported Nullable(Bool) COMMENT 'Whether arms, and perhaps outcomes, come from elsewhere',
    audience_count Nullable(UInt64) COMMENT 'How many customers the audience holds',
    audience_checksum String COMMENT 'Checksum of the audience',
    cost Nullable(Decimal(18, 4)) COMMENT 'Fixed cost, without that of the touches',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty without it',
    reason LowCardinality(String) COMMENT 'Why it was ended, or its cost corrected; otherwise empty'
)
ENGINE = MergeTree
ORDER BY (campaign_id, revision)
COMMENT 'Every event of every campaign, as recorded';

WITH JSONExtract(data, 'Tuple(
    campaignId String, name String, goal String, phase String, channel String, audience String,
    arms Array(Tuple(name String, share Float64)), holdOut Nullable(Float64), primaryMetric String,
    outcomeWindowDays Nullable(UInt32), imported Nullable(Bool), count Nullable(UInt64), checksum String,
    cost Tuple(amount String, currency String), reason String)') AS d
SELECT
    d.campaignId AS campaign_id,
    revision,
    type AS event,
    position,
    recorded_at,
    occurred_at,
    business_date,
    d.name AS name,
    d.goal AS goal,
    d.phase AS phase,
    d.channel AS channel,
    d.audience AS audience,
    d.arms AS arms,
    d.holdOut AS hold_out,
    d.primaryMetric AS primary_metric,
    d.outcomeWindowDays AS outcome_window_days,
    d.imported AS imported,
    d.count AS audience_count,
    d.checksum AS audience_checksum,
    toDecimal64OrNull(d.cost.amount, 4) AS cost,
    d.cost.currency AS currency,
    d.reason AS reason
FROM events
WHERE type IN ('CampaignPlanned', 'CampaignLaunched', 'CampaignLaunchFailed', 'AudienceSelected', 'AudienceFrozen', 'CampaignCostRecorded',
               'CampaignEnded');

CREATE VIEW campaigns
(
    status COMMENT 'planned, launched, launch failed (its members are being assigned), running (its audience is frozen) or ended',
    planned_at COMMENT 'When it was planned',
    launched_at COMMENT 'When it was launched; null while it was not',
    launched_on COMMENT 'The day of the launch in the business zone; null while it was not launched',
    frozen_at COMMENT 'When all members were assigned; null while they are not',
    ended_at COMMENT 'When it was ended; null while it was not',
    imported COMMENT 'Whether arms, and perhaps outcomes, come from elsewhere',
    cost COMMENT 'Fixed cost as known now, without that of the touches; null when not known',
    cost_currency COMMENT 'ISO 4217 code of cost; empty without it',
    position COMMENT 'Position of the planning',
    last_position COMMENT 'Position of the last event'
)
COMMENT 'One row per campaign, as it is now'
AS SELECT
    c.campaign_id AS campaign_id,
    anyIf(c.name, c.event = 'CampaignPlanned') AS name,
    anyIf(c.goal, c.event = 'CampaignPlanned') AS goal,
    anyIf(c.phase, c.event = 'CampaignPlanned') AS phase,
    anyIf(c.channel, c.event = 'CampaignPlanned') AS channel,
    multiIf(
        countIf(c.event = 'CampaignEnded') > 0, 'ended',
        countIf(c.event = 'AudienceFrozen') > 0, 'running',
        argMaxIf(c.event, c.revision, c.event IN ('CampaignLaunched', 'CampaignLaunchFailed')) = 'CampaignLaunchFailed', 'launch failed',
        countIf(c.event = 'CampaignLaunched') > 0, 'launched', 'planned') AS status,
    anyIf(c.audience, c.event = 'CampaignPlanned') AS audience,
    anyIf(c.arms, c.event = 'CampaignPlanned') AS arms,
    anyIf(c.hold_out, c.event = 'CampaignPlanned') AS hold_out,
    anyIf(c.primary_metric, c.event = 'CampaignPlanned') AS primary_metric,
    anyIf(c.outcome_window_days, c.event = 'CampaignPlanned') AS outcome_window_days,
    ifNull(anyIf(c.imported, c.event = 'CampaignPlanned'), false) AS imported,
    argMaxIf(c.audience_count, c.revision, c.event IN ('AudienceSelected', 'AudienceFrozen')) AS audience_count,
    argMaxIf(c.audience_checksum, c.revision, c.event IN ('AudienceSelected', 'AudienceFrozen')) AS audience_checksum,
    anyIf(c.occurred_at, c.event = 'CampaignPlanned') AS planned_at,
    maxOrNullIf(c.occurred_at, c.event = 'CampaignLaunched') AS launched_at,
    maxOrNullIf(c.business_date, c.event = 'CampaignLaunched') AS launched_on,
    minOrNullIf(c.occurred_at, c.event = 'AudienceFrozen') AS frozen_at,
    minOrNullIf(c.occurred_at, c.event = 'CampaignEnded') AS ended_at,
    argMaxIf(c.cost, c.revision, isNotNull(c.cost)) AS cost,
    argMaxIf(c.currency, c.revision, isNotNull(c.cost)) AS cost_currency,
    anyIf(c.position, c.event = 'CampaignPlanned') AS position,
    max(c.position) AS last_position
FROM campaigns AS c
GROUP BY c.campaign_id;
