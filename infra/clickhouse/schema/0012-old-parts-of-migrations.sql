-- As 0011. Migrations of which the ledger knows nothing any more would run again.
ALTER TABLE crm.migrations MODIFY SETTING old_parts_lifetime = 480
