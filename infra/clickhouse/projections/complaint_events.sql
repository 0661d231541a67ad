-- One row per event of a complaint, from its opening to its end and beyond. What an event does not say is empty or
-- null. The view complaints folds these rows into one per complaint; whoever asks how long something took, how often
-- it happened, or what was known at some position, asks here.
CREATE TABLE complaint_events
(
    complaint_id String COMMENT 'Id of the complaint',
    revision UInt64 COMMENT 'Order of the events of this complaint; 0 for its opening',
    event LowCardinality(String) COMMENT 'opened, acknowledged, assigned, sent_on, waiting_for_customer, answered, disputed, reclassified, redress_granted, resolved, reopened, closed, satisfaction_reported, voided',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    customer_id String COMMENT 'The customer who complains as recorded, merges not resolved; empty when not known',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened',
    business_date Date32 COMMENT 'The day on which it happened, in the business zone; what reports count by',
    date_known Bool COMMENT 'False where a source tells that it happened but not when: the time is then the earliest possible one',
    channel LowCardinality(String) COMMENT 'By which channel; empty when not known',
    source LowCardinality(String) COMMENT 'Of an opening: unsolicited, stimulated, survey, social or employee; empty when not known',
    category LowCardinality(String) COMMENT 'What is complained of; in a reclassification only what changed',
    subcategory LowCardinality(String) COMMENT 'More precisely; empty when not known',
    product LowCardinality(String) COMMENT 'The product concerned; empty when not known',
    subproduct LowCardinality(String) COMMENT 'More precisely; empty when not known',
    severity LowCardinality(String) COMMENT 'low, medium, high or critical; empty when not known',
    order_id String COMMENT 'The order concerned; empty for none',
    sku String COMMENT 'The article concerned; empty for none',
    service_failure_id String COMMENT 'The service failure concerned; empty for none',
    interaction_id String COMMENT 'The contact in which it was made; empty for none',
    due_date Nullable(Date32) COMMENT 'The day by which it is to be answered; null when not known',
    attributes Map(LowCardinality(String), String) COMMENT 'Further facts of an opening, by name',
    unit LowCardinality(String) COMMENT 'The unit it was assigned to, or that is responsible for it; empty when not known',
    assignee String COMMENT 'Id of the member of staff to whom it was assigned; empty for none',
    sent_to LowCardinality(String) COMMENT 'To whom it was sent on; otherwise empty',
    outcome LowCardinality(String) COMMENT 'Of an answer: what it came to, in the words of whoever answered; otherwise empty',
    timely Nullable(Bool) COMMENT 'Of an answer: whether it was in time, where somebody said so',
    reason LowCardinality(String) COMMENT 'Why: of waiting, disputes, reclassification, reopening, closing and voiding; otherwise empty',
    redress_id String COMMENT 'Of redress: its id; otherwise empty',
    redress_kind LowCardinality(String) COMMENT 'Of redress: refund, compensation, replacement, repair, voucher, discount, apology or other; otherwise empty',
    cause LowCardinality(String) COMMENT 'Of a resolution: the cause that was found; otherwise empty',
    corrective_action LowCardinality(String) COMMENT 'Of a resolution: what was done against the cause; otherwise empty',
    cost Nullable(Decimal(18, 4)) COMMENT 'Of redress: what it costs the company. Of a resolution: what handling cost. Null when not known',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty without it',
    satisfaction Nullable(UInt8) COMMENT 'Of a satisfaction report: 1 (not at all) to 5 (entirely)'
)
ENGINE = MergeTree
ORDER BY (complaint_id, revision)
COMMENT 'Every event of every complaint, as recorded';

WITH JSONExtract(data, 'Tuple(
    complaintId String, channel String, source String, category String, subcategory String, product String,
    subproduct String, severity String, orderId String, sku String, serviceFailureId String, interactionId String,
    dueDate String, attributes Map(String, String), unit String, responsibleUnit String, assignee String, to String,
    outcome String, timely Nullable(Bool), dateKnown Nullable(Bool), reason String, redressId String, kind String,
    cause String, correctiveAction String, cost Tuple(amount String, currency String),
    handlingCost Tuple(amount String, currency String), score Nullable(UInt8))') AS d
SELECT
    d.complaintId AS complaint_id,
    revision,
    transform(type,
        ['ComplaintOpened', 'ComplaintAcknowledged', 'ComplaintAssigned', 'ComplaintSentOn',
         'ComplaintWaitingForCustomer', 'ComplaintAnswered', 'ComplaintDisputed', 'ComplaintReclassified',
         'RedressGranted', 'ComplaintResolved', 'ComplaintReopened', 'ComplaintClosed', 'SatisfactionReported',
         'ComplaintVoided'],
        ['opened', 'acknowledged', 'assigned', 'sent_on',
         'waiting_for_customer', 'answered', 'disputed', 'reclassified',
         'redress_granted', 'resolved', 'reopened', 'closed', 'satisfaction_reported',
         'voided'], '') AS event,
    position,
    recorded_at,
    customer_id,
    occurred_at,
    business_date,
    ifNull(d.dateKnown, true) AS date_known,
    d.channel AS channel,
    d.source AS source,
    d.category AS category,
    d.subcategory AS subcategory,
    d.product AS product,
    d.subproduct AS subproduct,
    d.severity AS severity,
    d.orderId AS order_id,
    d.sku AS sku,
    d.serviceFailureId AS service_failure_id,
    d.interactionId AS interaction_id,
    toDate32OrNull(d.dueDate) AS due_date,
    d.attributes AS attributes,
    if(d.unit = '', d.responsibleUnit, d.unit) AS unit,
    d.assignee AS assignee,
    d.to AS sent_to,
    d.outcome AS outcome,
    d.timely AS timely,
    d.reason AS reason,
    d.redressId AS redress_id,
    if(type = 'RedressGranted', d.kind, '') AS redress_kind,
    d.cause AS cause,
    d.correctiveAction AS corrective_action,
    toDecimal64OrNull(if(type = 'RedressGranted', d.cost.amount, d.handlingCost.amount), 4) AS cost,
    if(type = 'RedressGranted', d.cost.currency, d.handlingCost.currency) AS currency,
    d.score AS satisfaction
FROM events
WHERE type IN ('ComplaintOpened', 'ComplaintAcknowledged', 'ComplaintAssigned', 'ComplaintSentOn',
               'ComplaintWaitingForCustomer', 'ComplaintAnswered', 'ComplaintDisputed', 'ComplaintReclassified',
               'RedressGranted', 'ComplaintResolved', 'ComplaintReopened', 'ComplaintClosed', 'SatisfactionReported',
               'ComplaintVoided');

CREATE VIEW complaint_events
(
    customer_id COMMENT 'The customer who complains, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the event was recorded with'
)
COMMENT 'One row per event of a complaint that was not voided'
AS SELECT
    e.* EXCEPT (customer_id),
    surviving_customer(e.customer_id) AS customer_id,
    e.customer_id AS recorded_customer_id
FROM complaint_events AS e
WHERE e.complaint_id NOT IN (SELECT complaint_id FROM complaint_events WHERE event = 'voided');

CREATE VIEW complaint_events_with_voided
(
    customer_id COMMENT 'The customer who complains, merges resolved; empty when not known',
    recorded_customer_id COMMENT 'The customer id that the event was recorded with'
)
COMMENT 'One row per event of any complaint, those that were voided too. As of position P: WHERE position <= P'
AS SELECT
    e.* EXCEPT (customer_id),
    surviving_customer(e.customer_id) AS customer_id,
    e.customer_id AS recorded_customer_id
FROM complaint_events AS e;
