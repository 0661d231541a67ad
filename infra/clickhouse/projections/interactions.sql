-- One row per contact between the company and somebody, and one per voiding of a contact. Visitors who are not yet
-- known to be customers have contacts, too. What was said is sealed and stays in the event.
CREATE TABLE interactions
(
    interaction_id String COMMENT 'Id of the contact',
    event LowCardinality(String) COMMENT 'InteractionRecorded or InteractionVoided',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded; offline contacts are recorded later',
    customer_id String COMMENT 'The customer as recorded, merges not resolved; empty when not known',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When the contact took place',
    business_date Date32 COMMENT 'The day of the contact in the business zone; what reports count by',
    visitor_id String COMMENT 'A visitor not yet known to be a customer: a cookie, a device; empty for none',
    channel LowCardinality(String) COMMENT 'store, phone, email, web, app, social, post, chat, visit, sms or a code of the company',
    direction LowCardinality(String) COMMENT 'inbound or outbound; empty when not known',
    kind LowCardinality(String) COMMENT 'call, message, page-view, appointment ...; empty when not known',
    contact_reason LowCardinality(String) COMMENT 'Why the contact was made; empty when not known',
    order_id String COMMENT 'The order that it was about; empty for none',
    complaint_id String COMMENT 'The complaint that it was about; empty for none',
    campaign_id String COMMENT 'The campaign that it belongs to; empty for none',
    thread_id String COMMENT 'The conversation that it is part of; empty for none',
    duration_seconds Nullable(UInt32) COMMENT 'How long it took; null when not known',
    cost Nullable(Decimal(18, 4)) COMMENT 'What it cost the company; null when not known',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty without it',
    agent_kind LowCardinality(String) COMMENT 'employee or bot; empty when not known',
    agent_id String COMMENT 'Who dealt with it; empty when not known',
    sentiment LowCardinality(String) COMMENT 'negative, neutral or positive; empty when not known',
    has_text Bool COMMENT 'Whether there is a text, sealed in the event',
    void_reason LowCardinality(String) COMMENT 'Of a voiding: why; otherwise empty',
    replaced_by String COMMENT 'Of a voiding: the contact that takes its place; otherwise empty'
)
ENGINE = MergeTree
ORDER BY (business_date, position)
COMMENT 'Contacts and voidings of contacts, as recorded';

WITH JSONExtract(data, 'Tuple(
    interactionId String, visitorId String, channel String, direction String, kind String, contactReason String,
    orderId String, complaintId String, campaignId String, threadId String, durationSeconds Nullable(UInt32),
    cost Tuple(amount String, currency String), agent Tuple(kind String, id String), sentiment String, text String,
    reason String, replacedBy String)') AS d
SELECT
    d.interactionId AS interaction_id,
    type AS event,
    position,
    recorded_at,
    customer_id,
    occurred_at,
    business_date,
    d.visitorId AS visitor_id,
    d.channel AS channel,
    d.direction AS direction,
    d.kind AS kind,
    d.contactReason AS contact_reason,
    d.orderId AS order_id,
    d.complaintId AS complaint_id,
    d.campaignId AS campaign_id,
    d.threadId AS thread_id,
    d.durationSeconds AS duration_seconds,
    toDecimal64OrNull(d.cost.amount, 4) AS cost,
    d.cost.currency AS currency,
    d.agent.kind AS agent_kind,
    d.agent.id AS agent_id,
    d.sentiment AS sentiment,
    d.text != '' AS has_text,
    d.reason AS void_reason,
    d.replacedBy AS replaced_by
FROM events
WHERE type IN ('InteractionRecorded', 'InteractionVoided');

CREATE VIEW interactions
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the contact was recorded with'
)
COMMENT 'One row per contact that was not voided'
AS SELECT
    i.interaction_id AS interaction_id,
    surviving_customer(i.customer_id) AS customer_id,
    i.customer_id AS recorded_customer_id,
    i.visitor_id AS visitor_id,
    i.occurred_at AS occurred_at,
    i.business_date AS business_date,
    i.recorded_at AS recorded_at,
    i.channel AS channel,
    i.direction AS direction,
    i.kind AS kind,
    i.contact_reason AS contact_reason,
    i.order_id AS order_id,
    i.complaint_id AS complaint_id,
    i.campaign_id AS campaign_id,
    i.thread_id AS thread_id,
    i.duration_seconds AS duration_seconds,
    i.cost AS cost,
    i.currency AS currency,
    i.agent_kind AS agent_kind,
    i.agent_id AS agent_id,
    i.sentiment AS sentiment,
    i.has_text AS has_text,
    i.position AS position
FROM interactions AS i
WHERE i.event = 'InteractionRecorded'
    AND i.interaction_id NOT IN (SELECT interaction_id FROM interactions WHERE event = 'InteractionVoided');

CREATE VIEW interactions_with_voided
(
    customer_id COMMENT 'The customer, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the contact was recorded with',
    voided_position COMMENT 'Position from which on the contact does not count; null while it does',
    voided_at COMMENT 'When the voiding was recorded; null for none',
    void_reason COMMENT 'Why it was voided; empty when it was not'
)
COMMENT 'One row per contact ever recorded. As of position P: WHERE position <= P AND (voided_position IS NULL OR voided_position > P)'
AS SELECT
    i.interaction_id AS interaction_id,
    surviving_customer(i.customer_id) AS customer_id,
    i.customer_id AS recorded_customer_id,
    i.occurred_at AS occurred_at,
    i.business_date AS business_date,
    i.recorded_at AS recorded_at,
    i.channel AS channel,
    i.direction AS direction,
    i.kind AS kind,
    i.position AS position,
    v.voided_position AS voided_position,
    v.voided_at AS voided_at,
    v.void_reason AS void_reason
FROM interactions AS i
LEFT ANY JOIN
(
    SELECT interaction_id AS voided_interaction_id,
        toNullable(position) AS voided_position, toNullable(recorded_at) AS voided_at, void_reason
    FROM interactions WHERE event = 'InteractionVoided'
) AS v ON v.voided_interaction_id = i.interaction_id
WHERE i.event = 'InteractionRecorded';
