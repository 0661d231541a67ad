-- One row per thing that happened between a campaign and one of its members: a message requested, sent, delivered,
-- opened, clicked, bounced, unsubscribed from, answered. That a member who was held out was touched all the same
-- (contamination) is a row of its own kind, because it is no touch that was meant.
CREATE TABLE campaign_touches
(
    campaign_id String COMMENT 'Id of the campaign',
    customer_id String COMMENT 'The member as recorded, merges not resolved',
    revision UInt64 COMMENT 'Order of the events of this member',
    touch_id String COMMENT 'One message: its sending, delivery, opening ... have the same; empty for responses without one',
    touch LowCardinality(String) COMMENT 'requested, sent, delivered, opened, clicked, bounced, unsubscribed or responded',
    contamination Bool COMMENT 'Whether it happened to a member who was held out of the campaign',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened',
    business_date Date32 COMMENT 'The day on which it happened, in the business zone; what reports count by',
    channel LowCardinality(String) COMMENT 'By which channel; empty when not known',
    step Nullable(UInt32) COMMENT 'Which message of a sequence: 1, 2, 3 ...; null when not known',
    cost Nullable(Decimal(18, 4)) COMMENT 'What the touch cost; null when not known',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty without it',
    detail String COMMENT 'Why it bounced, or which link was clicked; otherwise empty',
    scope LowCardinality(String) COMMENT 'Of an unsubscription: from this campaign, its channel, or all; otherwise empty',
    response_id String COMMENT 'Of a response: its id; otherwise empty',
    response_kind LowCardinality(String) COMMENT 'Of a response: its kind; otherwise empty',
    order_id String COMMENT 'Of a response: the order that came of it; empty for none'
)
ENGINE = MergeTree
ORDER BY (campaign_id, customer_id, revision)
COMMENT 'Every touch and response of every member of every campaign, as recorded';

WITH JSONExtract(data, 'Tuple(
    campaignId String, customerId String, touchId String, touch String, channel String, step Nullable(UInt32),
    cost Tuple(amount String, currency String), detail String, scope String, responseId String, kind String,
    orderId String)') AS d
SELECT
    d.campaignId AS campaign_id,
    d.customerId AS customer_id,
    revision,
    d.touchId AS touch_id,
    transform(type,
        ['TouchRequested', 'TouchSent', 'TouchDelivered', 'TouchOpened', 'TouchClicked', 'TouchBounced',
         'TouchUnsubscribed', 'CampaignResponseRecorded'],
        ['requested', 'sent', 'delivered', 'opened', 'clicked', 'bounced',
         'unsubscribed', 'responded'], d.touch) AS touch,
    type = 'ContaminationRecorded' AS contamination,
    position,
    recorded_at,
    occurred_at,
    business_date,
    d.channel AS channel,
    d.step AS step,
    toDecimal64OrNull(d.cost.amount, 4) AS cost,
    d.cost.currency AS currency,
    d.detail AS detail,
    d.scope AS scope,
    d.responseId AS response_id,
    d.kind AS response_kind,
    d.orderId AS order_id
FROM events
WHERE type IN ('TouchRequested', 'TouchSent', 'TouchDelivered', 'TouchOpened', 'TouchClicked', 'TouchBounced',
               'TouchUnsubscribed', 'ContaminationRecorded', 'CampaignResponseRecorded');

CREATE VIEW campaign_touches
(
    customer_id COMMENT 'The member, merges resolved',
    recorded_customer_id COMMENT 'The customer id that the touch was recorded with'
)
COMMENT 'One row per touch of a campaign member, contaminations of held-out members among them'
AS SELECT
    t.campaign_id AS campaign_id,
    surviving_customer(t.customer_id) AS customer_id,
    t.customer_id AS recorded_customer_id,
    t.touch_id AS touch_id,
    t.touch AS touch,
    t.contamination AS contamination,
    t.occurred_at AS occurred_at,
    t.business_date AS business_date,
    t.recorded_at AS recorded_at,
    t.channel AS channel,
    t.step AS step,
    t.cost AS cost,
    t.currency AS currency,
    t.detail AS detail,
    t.scope AS scope,
    t.position AS position
FROM campaign_touches AS t
WHERE t.touch != 'responded';

CREATE VIEW campaign_responses
(
    customer_id COMMENT 'The member, merges resolved',
    recorded_customer_id COMMENT 'The customer id that the response was recorded with'
)
COMMENT 'One row per response of a campaign member. Campaign performance does not use it: whoever responds is no fair sample'
AS SELECT
    t.campaign_id AS campaign_id,
    surviving_customer(t.customer_id) AS customer_id,
    t.customer_id AS recorded_customer_id,
    t.response_id AS response_id,
    t.response_kind AS response_kind,
    t.touch_id AS touch_id,
    t.occurred_at AS occurred_at,
    t.business_date AS business_date,
    t.recorded_at AS recorded_at,
    t.channel AS channel,
    t.order_id AS order_id,
    t.position AS position
FROM campaign_touches AS t
WHERE t.touch = 'responded';
