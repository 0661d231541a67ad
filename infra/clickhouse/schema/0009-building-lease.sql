-- Several processes may be asked to build the same projection, and one that builds may be killed. So a version is begun
-- by an insert under a token of its own, of which the engine takes one, and its row is repeated while it is being built.
ALTER TABLE crm.projections
    ADD COLUMN IF NOT EXISTS builder String DEFAULT '' COMMENT 'Of a version being built: who is at it, unlike anybody else',
    ADD COLUMN IF NOT EXISTS lease UInt32 DEFAULT 0 COMMENT 'Of a version being built: when changed_at of its last row is so many milliseconds ago, its builder is gone';

ALTER TABLE crm.projections MODIFY SETTING non_replicated_deduplication_window = 1000;
