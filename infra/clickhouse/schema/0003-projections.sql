-- What became of every version of every projection. Appended to, never changed: the last row of a version is its state.
-- At a start the public views are made to agree with what stands here.
CREATE TABLE IF NOT EXISTS crm.projections
(
    sequence UInt64 COMMENT 'Order of the rows',
    name LowCardinality(String) COMMENT 'Name of the projection: that of its file and of its public view',
    version UInt32 COMMENT 'Version of its table: NAME_v1, NAME_v2, ...; 0 for projections that have none',
    state LowCardinality(String) COMMENT 'building, live, needs rebuild (live, but no longer fed), standby (fed, for a rollback), failed, removed',
    reason String COMMENT 'Why it failed, or needs to be rebuilt',
    table_checksum String COMMENT 'Of the table and of the SELECT that feeds it, comments and spaces left out: another one calls for a rebuild',
    view_checksum String COMMENT 'Of the public views',
    views String COMMENT 'The statements that make its public views, as JSON: a rollback runs them again',
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it came to this state'
)
ENGINE = MergeTree
ORDER BY (name, version, sequence)
SETTINGS fsync_after_insert = 1
COMMENT 'The ledger of the projections: one row for each change of state of a version';

CREATE OR REPLACE VIEW crm.projection_status
(
    name String COMMENT 'Name of the projection',
    version UInt32 COMMENT 'Version of its table; 0 for projections that have none',
    state String COMMENT 'building, live, needs rebuild (live, but no longer fed), standby (fed, for a rollback), failed, removed',
    reason String COMMENT 'Why it failed, or needs to be rebuilt',
    since DateTime64(3, 'UTC') COMMENT 'When it came to this state'
)
COMMENT 'The present state of every version of every projection'
AS SELECT
    name,
    version,
    argMax(state, sequence) AS state,
    argMax(reason, sequence) AS reason,
    argMax(changed_at, sequence) AS since
FROM crm.projections
GROUP BY name, version;
