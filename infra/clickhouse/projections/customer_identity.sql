-- One row per customer whose merge was recorded or undone. The public view says who stands for whom: facts keep the
-- id they came with, so every other view resolves ids through this one when it is read.
CREATE TABLE customer_identity
(
    recorded_customer_id String COMMENT 'The id that was merged into another, as facts carry it',
    revision UInt64 COMMENT 'Order of the events of this customer',
    merged_into String COMMENT 'The id into which it was merged; empty when the merge was undone',
    reason LowCardinality(String) COMMENT 'duplicate, or identified: a visitor or unidentified buyer who turned out to be this customer',
    merged_at DateTime64(3, 'UTC') COMMENT 'When it was merged, or the merge undone',
    position UInt64 COMMENT 'Position of the event: it was known from here on'
)
ENGINE = MergeTree
ORDER BY (recorded_customer_id, revision)
COMMENT 'Every merge of customers and every undoing of one';

WITH JSONExtract(data, 'Tuple(customerId String, into String, reason String)') AS d
SELECT
    d.customerId AS recorded_customer_id,
    revision,
    if(type = 'CustomerMerged', d.into, '') AS merged_into,
    d.reason AS reason,
    occurred_at AS merged_at,
    position
FROM events
WHERE type IN ('CustomerMerged', 'CustomerMergeUndone');

CREATE VIEW customer_identity
(
    customer_id COMMENT 'The customer who stands for it now, at the end of the chain of merges'
)
COMMENT 'Who stands for whom: one row per customer id that is merged into another. An id that is not here stands for itself'
AS WITH RECURSIVE
    merged AS
    (
        SELECT m.recorded_customer_id AS recorded_customer_id, argMax(m.merged_into, m.revision) AS survivor
        FROM customer_identity AS m
        GROUP BY recorded_customer_id
        HAVING survivor != ''
    ),
    chain AS
    (
        SELECT recorded_customer_id, survivor, 1 AS depth FROM merged
        UNION ALL
        SELECT chain.recorded_customer_id AS recorded_customer_id, merged.survivor AS survivor, chain.depth + 1 AS depth
        FROM chain INNER JOIN merged ON merged.recorded_customer_id = chain.survivor
        WHERE chain.depth < 100
    )
SELECT recorded_customer_id, argMax(survivor, depth) AS customer_id
FROM chain
GROUP BY recorded_customer_id;

CREATE VIEW customer_identity_as_of
COMMENT 'The same as customer_identity, as it was known at an event position: SELECT * FROM crm.customer_identity_as_of(known_at = 4711)'
AS WITH RECURSIVE
    merged AS
    (
        SELECT m.recorded_customer_id AS recorded_customer_id, argMax(m.merged_into, m.revision) AS survivor
        FROM customer_identity AS m
        WHERE m.position <= {known_at:UInt64}
        GROUP BY recorded_customer_id
        HAVING survivor != ''
    ),
    chain AS
    (
        SELECT recorded_customer_id, survivor, 1 AS depth FROM merged
        UNION ALL
        SELECT chain.recorded_customer_id AS recorded_customer_id, merged.survivor AS survivor, chain.depth + 1 AS depth
        FROM chain INNER JOIN merged ON merged.recorded_customer_id = chain.survivor
        WHERE chain.depth < 100
    )
SELECT recorded_customer_id, argMax(survivor, depth) AS customer_id
FROM chain
GROUP BY recorded_customer_id;
