-- One row per failure of the company's service, and one per voiding of one, whether or not anybody complained: what
-- complaints are measured against.
CREATE TABLE service_failures
(
    service_failure_id String COMMENT 'Id of the failure',
    event LowCardinality(String) COMMENT 'ServiceFailureRecorded or ServiceFailureVoided',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When the service failed',
    business_date Date32 COMMENT 'The day of the failure in the business zone; what reports count by',
    kind LowCardinality(String) COMMENT 'late-delivery, outage, wrong-invoice ...',
    severity LowCardinality(String) COMMENT 'low, medium, high or critical; empty when not known',
    order_id String COMMENT 'The order concerned; empty for none',
    sku String COMMENT 'The article concerned; empty for none',
    affected_customers Array(String) COMMENT 'The customers affected as recorded, merges not resolved, where they are known',
    affected_count Nullable(UInt64) COMMENT 'How many customers were affected, where only that is known',
    detected_by LowCardinality(String) COMMENT 'employee, customer, monitoring, audit ...; empty when not known',
    void_reason LowCardinality(String) COMMENT 'Of a voiding: why; otherwise empty',
    replaced_by String COMMENT 'Of a voiding: the failure that takes its place; otherwise empty'
)
ENGINE = MergeTree
ORDER BY service_failure_id
COMMENT 'Service failures and voidings of service failures, as recorded';

WITH JSONExtract(data, 'Tuple(
    serviceFailureId String, kind String, severity String, orderId String, sku String, affectedCustomers Array(String),
    affectedCount Nullable(UInt64), detectedBy String, reason String, replacedBy String)') AS d
SELECT
    d.serviceFailureId AS service_failure_id,
    type AS event,
    position,
    recorded_at,
    occurred_at,
    business_date,
    d.kind AS kind,
    d.severity AS severity,
    d.orderId AS order_id,
    d.sku AS sku,
    d.affectedCustomers AS affected_customers,
    d.affectedCount AS affected_count,
    d.detectedBy AS detected_by,
    d.reason AS void_reason,
    d.replacedBy AS replaced_by
FROM events
WHERE type IN ('ServiceFailureRecorded', 'ServiceFailureVoided');

CREATE VIEW service_failures
(
    affected_customers COMMENT 'The customers affected, merges resolved, where they are known',
    affected_count COMMENT 'How many customers were affected; null when not known',
    complaints COMMENT 'How many complaints name this failure'
)
COMMENT 'One row per failure of the company''s service that was not voided, complained of or not'
AS SELECT
    f.service_failure_id AS service_failure_id,
    f.occurred_at AS occurred_at,
    f.business_date AS business_date,
    f.recorded_at AS recorded_at,
    f.kind AS kind,
    f.severity AS severity,
    f.order_id AS order_id,
    f.sku AS sku,
    arrayDistinct(arrayMap(id -> surviving_customer(id), f.affected_customers)) AS affected_customers,
    coalesce(f.affected_count, nullIf(toUInt64(length(f.affected_customers)), 0)) AS affected_count,
    f.detected_by AS detected_by,
    ifNull(c.complaints, 0) AS complaints,
    f.position AS position
FROM service_failures AS f
LEFT ANY JOIN
(
    SELECT service_failure_id, count() AS complaints FROM crm.complaints WHERE service_failure_id != '' GROUP BY service_failure_id
) AS c ON c.service_failure_id = f.service_failure_id
WHERE f.event = 'ServiceFailureRecorded'
    AND f.service_failure_id NOT IN (SELECT service_failure_id FROM service_failures WHERE event = 'ServiceFailureVoided');

CREATE VIEW service_failures_with_voided
(
    voided_position COMMENT 'Position from which on the failure does not count; null while it does',
    voided_at COMMENT 'When the voiding was recorded; null for none',
    void_reason COMMENT 'Why it was voided; empty when it was not'
)
COMMENT 'One row per service failure ever recorded. As of position P: WHERE position <= P AND (voided_position IS NULL OR voided_position > P)'
AS SELECT
    f.service_failure_id AS service_failure_id,
    f.occurred_at AS occurred_at,
    f.business_date AS business_date,
    f.recorded_at AS recorded_at,
    f.kind AS kind,
    f.severity AS severity,
    f.position AS position,
    v.voided_position AS voided_position,
    v.voided_at AS voided_at,
    v.void_reason AS void_reason
FROM service_failures AS f
LEFT ANY JOIN
(
    SELECT service_failure_id AS voided_failure_id,
        toNullable(position) AS voided_position, toNullable(recorded_at) AS voided_at, void_reason
    FROM service_failures WHERE event = 'ServiceFailureVoided'
) AS v ON v.voided_failure_id = f.service_failure_id
WHERE f.event = 'ServiceFailureRecorded';
