-- Whom a campaign was launched for. The launch evaluates its segment once and keeps the answer here, because it works
-- for minutes, may be interrupted, and must go on with the same customers although the data have changed meanwhile.
CREATE TABLE IF NOT EXISTS crm.campaign_audience
(
    campaign_id String COMMENT 'The campaign',
    attempt UUID COMMENT 'One evaluation of the segment or list. The one that counts has the count and checksum of the event AudienceSelected; all others, unfinished ones for instance, are deleted when the audience is frozen',
    customer_id String COMMENT 'The customer, once; merges are resolved as known at the launch',
    left_out LowCardinality(String) COMMENT 'Why the customer is not addressed: erased, deceased, closed, unsubscribed; empty for members',
    found_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the segment or list was evaluated'
)
ENGINE = MergeTree
ORDER BY (campaign_id, attempt, customer_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The customers whom the segments and lists of campaigns named: members to be, and who was left out and why';
