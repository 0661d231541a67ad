-- Repairs are numbered by kind, so that one that slept cannot double what another has done; every row of the ledger says who wrote it.
ALTER TABLE crm.repairs COMMENT COLUMN id 'Kind, partition, first and last offset and the number among the repairs of that kind; the insert runs under it as its token';

ALTER TABLE crm.projections COMMENT COLUMN builder 'Who wrote this row, unlike anybody else: of the rows of one number the first counts'
