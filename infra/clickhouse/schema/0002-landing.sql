-- Who lands which offsets, announced before they are inserted. The insert runs under a deduplication token made of
-- partition and first offset, so a writer that was killed, or slept, and its successor land the same rows once.
-- Announcing is an insert under such a token, too: of two who go on from the same offset the engine takes the first.
CREATE TABLE IF NOT EXISTS crm.claims
(
    `partition` UInt16 COMMENT 'Partition of the stream',
    first UInt64 COMMENT 'First offset of the batch: the one after the last of the batch before' CODEC(DoubleDelta, LZ4),
    last UInt64 COMMENT 'Last offset of the batch' CODEC(DoubleDelta, LZ4),
    records UInt32 COMMENT 'How many records lie between them; in state landed not given',
    state LowCardinality(String) COMMENT 'claimed before the insert; landed some time after it (noted with the next claim, or when there is nothing to do)',
    writer LowCardinality(String) COMMENT 'The process that announced it',
    noted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When, by the clock of the warehouse' CODEC(DoubleDelta, LZ4)
)
ENGINE = MergeTree
ORDER BY (`partition`, first, noted_at)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The batches in which events landed in crm.events: one row when a batch is announced, one when it has landed';

-- A record that cannot be a row of crm.events stops nobody: it waits here. One that has been replayed is in crm.events, too.
CREATE TABLE IF NOT EXISTS crm.dead_letters
(
    `partition` UInt16 COMMENT 'Partition of the stream that brought it',
    `offset` UInt64 COMMENT 'Its offset there',
    reason String COMMENT 'Why it cannot be landed',
    line String COMMENT 'The record as it came; personal fields are sealed (encrypted)',
    refused_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it was set aside'
)
ENGINE = MergeTree
ORDER BY (`partition`, `offset`)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Records of the stream that could not be landed in crm.events, with the reason';

-- Rows that are brought into crm.events later: dead letters replayed, rows that were missing refilled from the event
-- store. Announced with their offsets before the insert, for the same reason as claims.
CREATE TABLE IF NOT EXISTS crm.repairs
(
    id String COMMENT 'Kind, partition, first and last offset and the number of the attempt; the insert runs under it as its token',
    kind LowCardinality(String) COMMENT 'replay of dead letters, or refill from the event store',
    `partition` UInt16 COMMENT 'Partition of the stream',
    offsets Array(UInt64) COMMENT 'Exactly the offsets that it inserts; in state landed not given',
    state LowCardinality(String) COMMENT 'claimed before the insert, landed after it',
    noted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When, by the clock of the warehouse'
)
ENGINE = MergeTree
ORDER BY (kind, `partition`, id, noted_at)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Rows brought into crm.events after their time: one row when a repair is announced, one when it is done';

-- Takes the same lines as crm.events and keeps none: shows which of them the engine refuses.
CREATE TABLE IF NOT EXISTS crm.landing_trial
AS crm.events
ENGINE = Null
COMMENT 'Takes what crm.events takes and keeps nothing: whether a line can be landed is tried here';

CREATE OR REPLACE VIEW crm.open_dead_letters
(
    `partition` UInt16 COMMENT 'Partition of the stream that brought it',
    `offset` UInt64 COMMENT 'Its offset there',
    reason String COMMENT 'Why it cannot be landed',
    line String COMMENT 'The record as it came; personal fields are sealed (encrypted)',
    refused_at DateTime64(3, 'UTC') COMMENT 'When it was set aside'
)
COMMENT 'Dead letters that have not been replayed'
AS SELECT `partition`, `offset`, argMax(letters.reason, letters.refused_at) AS reason,
    argMax(letters.line, letters.refused_at) AS line, max(letters.refused_at) AS refused_at
FROM crm.dead_letters AS letters
WHERE (`partition`, `offset`) NOT IN (
    SELECT `partition`, `offset` FROM crm.events
    WHERE (`partition`, `offset`) IN (SELECT `partition`, `offset` FROM crm.dead_letters)
)
GROUP BY `partition`, `offset`;
