-- An offset in Kafka does not tell which event was there once retention has deleted its record: a refill says so itself.
ALTER TABLE crm.repairs
    ADD COLUMN IF NOT EXISTS positions Array(UInt64) COMMENT 'Of a refill: the positions of the events that it inserts at these offsets, in the same order';
