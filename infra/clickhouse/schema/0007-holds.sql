-- Pausing every projector from another process: a hold is put where the next claim of a partition would be, under the
-- same deduplication token, so that of a claim and a hold the engine takes one. As long as it stands nobody can
-- announce what lies beyond it, and nothing is inserted that was not announced.
ALTER TABLE crm.claims
    ADD COLUMN IF NOT EXISTS turn UInt32 DEFAULT 0 COMMENT 'How many holds were released at this offset before; part of the token',
    ADD COLUMN IF NOT EXISTS lease UInt32 DEFAULT 0 COMMENT 'Of a hold: for how many milliseconds from noted_at on it stands, unless it is prolonged by a further row';

ALTER TABLE crm.claims COMMENT COLUMN state 'claimed before the insert; landed some time after it (noted with the next claim, or when there is nothing to do); held: nothing is to be claimed here until it is released or its lease is over; released';

ALTER TABLE crm.claims MODIFY COMMENT 'The batches in which events landed in crm.events: one row when a batch is announced, one when it has landed; and the holds that pause landing for a moment';
