-- What the stream carries beside the line of a record helps to find out where a dead letter comes from.
ALTER TABLE crm.dead_letters
    ADD COLUMN IF NOT EXISTS headers Map(String, String) COMMENT 'What the stream carried beside the record: event id, type, trace',
    ADD COLUMN IF NOT EXISTS key String COMMENT 'Key of the record in the stream: whom it concerns; empty where the stream has none';

CREATE OR REPLACE VIEW crm.open_dead_letters
(
    `partition` UInt16 COMMENT 'Partition of the stream that brought it',
    `offset` UInt64 COMMENT 'Its offset there',
    reason String COMMENT 'Why it cannot be landed',
    line String COMMENT 'The record as it came; personal fields are sealed (encrypted)',
    refused_at DateTime64(3, 'UTC') COMMENT 'When it was set aside',
    headers Map(String, String) COMMENT 'What the stream carried beside the record: event id, type, trace',
    key String COMMENT 'Key of the record in the stream: whom it concerns; empty where the stream has none',
    replay String COMMENT 'The command that lands it once its reason is gone: it tries all dead letters'
)
COMMENT 'Dead letters that have not been replayed'
AS SELECT `partition`, `offset`, argMax(letters.reason, letters.refused_at) AS reason,
    argMax(letters.line, letters.refused_at) AS line, max(letters.refused_at) AS refused_at,
    argMax(letters.headers, letters.refused_at) AS headers, argMax(letters.key, letters.refused_at) AS key,
    'perennial dead-letters --replay' AS replay
FROM crm.dead_letters AS letters
WHERE (`partition`, `offset`) NOT IN (
    SELECT `partition`, `offset` FROM crm.events
    WHERE (`partition`, `offset`) IN (SELECT `partition`, `offset` FROM crm.dead_letters)
)
GROUP BY `partition`, `offset`;
