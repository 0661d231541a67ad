-- chDB removes the parts that a merge replaced at once, ClickHouse after eight minutes. Both need them: when the merged
-- part proves broken at the next start (the disk was full, the power failed), the replaced ones stand in for it.
ALTER TABLE crm.events MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE crm.claims MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE crm.dead_letters MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE crm.repairs MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE crm.projections MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE crm.customer_scores MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE crm.campaign_audience MODIFY SETTING old_parts_lifetime = 480
