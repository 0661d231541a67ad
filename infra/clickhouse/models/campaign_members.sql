-- One row per member of a campaign, as far as it had happened by `asOf` and was known at `knownAt`: the arm that was
-- assigned, what touched the member, and what an import says that came of it. Merged members count for the survivor.
-- Parameters: campaign String, asOf Date32, knownAt UInt64; the table {identity} holds identity.sql.
SELECT
    any(if(identity.survivor != '', identity.survivor, e.customer_id)) AS customer_id,
    anyIf(JSONExtractString(data, 'arm'), type = 'MemberAssigned') AS arm,
    anyIf(business_date, type = 'MemberAssigned') AS assigned_on,
    countIf(type IN ('TouchSent', 'TouchDelivered', 'TouchOpened', 'TouchClicked')) > 0 AS reached,
    countIf(type = 'ContaminationRecorded') > 0 AS contaminated,
    sumIf(toFloat64OrZero(JSONExtractString(data, 'cost', 'amount')), type != 'ContaminationRecorded') AS touch_cost,
    groupUniqArrayIf(JSONExtractString(data, 'cost', 'currency'), JSONHas(data, 'cost')) AS touch_currencies,
    countIf(type = 'OutcomeImported') > 0 AS has_outcome,
    sumIf(JSONExtractUInt(data, 'visits'), type = 'OutcomeImported') AS visits,
    sumIf(JSONExtractUInt(data, 'conversions'), type = 'OutcomeImported') AS conversions,
    sumIf(toFloat64OrZero(JSONExtractString(data, 'spend', 'amount')), type = 'OutcomeImported') AS spend,
    anyIf(JSONExtractString(data, 'spend', 'currency'), type = 'OutcomeImported' AND JSONHas(data, 'spend')) AS spend_currency
FROM crm.events AS e
LEFT ANY JOIN crm.{identity:Identifier} AS identity ON identity.customer_id = e.customer_id
WHERE type IN ('MemberAssigned', 'OutcomeImported', 'TouchSent', 'TouchDelivered', 'TouchOpened', 'TouchClicked', 'ContaminationRecorded')
      AND JSONExtractString(data, 'campaignId') = {campaign:String}
      AND position <= {knownAt:UInt64} AND business_date <= {asOf:Date32}
GROUP BY stream
HAVING arm != ''
