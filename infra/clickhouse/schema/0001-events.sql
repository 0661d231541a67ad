-- The landing table: every event once, as it was stored. All projections read from here, live and when rebuilt.
-- The order is that of arrival, so that inserts need no sorting, a claimed range of offsets is read back from a few
-- granules, and a rebuild can be cut into ranges. Customers, streams and positions are found through the indexes.
CREATE TABLE IF NOT EXISTS crm.events
(
    `partition` UInt16 COMMENT 'Partition of the stream that brought the event here',
    `offset` UInt64 COMMENT 'Offset within that partition; unique there, increasing, not necessarily without gaps' CODEC(DoubleDelta, LZ4),
    position UInt64 COMMENT 'Place in the order of all events, given by the event store' CODEC(DoubleDelta, LZ4),
    event_id UUID COMMENT 'Id of the event: the same event always has the same id',
    stream String COMMENT 'Name of the stream (the aggregate) the event belongs to, for instance purchase-4711',
    revision UInt64 COMMENT 'Place within its stream; 0 for the first event',
    type LowCardinality(String) COMMENT 'What happened, in the past tense: PurchaseRecorded',
    schema_version UInt16 COMMENT 'Version of the form of `data` in which this type of event was written',
    customer_id String COMMENT 'The customer whom the event concerns, as recorded (merges are not resolved here); empty for none',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened in the world',
    business_date Date32 COMMENT 'The day of occurred_at in the business zone; what reports count by',
    recorded_at DateTime64(3, 'UTC') COMMENT 'When the event store took it' CODEC(DoubleDelta, LZ4),
    actor LowCardinality(String) COMMENT 'Who or what sent the command',
    command_id String COMMENT 'Id of the command that led to the event',
    correlation_id String COMMENT 'Common to everything that follows from one first request',
    causation_id String COMMENT 'Id of the event that caused the command; empty for none',
    data String COMMENT 'What the event says, as JSON, as it was stored; personal fields are sealed (encrypted)',
    INDEX by_position position TYPE minmax GRANULARITY 1,
    INDEX by_recorded_at recorded_at TYPE minmax GRANULARITY 1,
    INDEX by_customer customer_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_stream stream TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (`partition`, `offset`)
SETTINGS non_replicated_deduplication_window = 100000, fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Every event, one row each, exactly once, as the event store has it. Facts that were voided later are still here: count in the views';
