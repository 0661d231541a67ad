-- What else speaks for the loss of a customer, beside the model: noticed, not part of the probability. One row per
-- customer with a signal. Silence is measured against the customer's own rhythm; complaints and touches by their
-- events, as far as they had happened by `asOf` and were known at `knownAt`.
-- Parameters: asOf Date32, knownAt UInt64; {histories} holds purchase_histories.sql, {identity} identity.sql.
WITH
    silent AS
    (
        -- Twice the mean gap between purchases has passed since the last one.
        SELECT customer_id, 'silent' AS signal
        FROM crm.{histories:Identifier}
        WHERE x >= 2 AND t_days - tx_days > 2 * tx_days / x
    ),
    complaints AS
    (
        SELECT
            any(e.customer_id) AS complainer,
            argMaxIf(type, revision, type NOT IN ('ComplaintReclassified', 'RedressGranted', 'SatisfactionReported')) AS last,
            argMaxIf(JSONExtractUInt(data, 'score'), revision, type = 'SatisfactionReported') AS score,
            countIf(type = 'ComplaintVoided') > 0 AS voided
        FROM crm.events AS e
        WHERE stream LIKE 'complaint-%' AND e.customer_id != ''
              AND position <= {knownAt:UInt64} AND (business_date <= {asOf:Date32} OR type = 'ComplaintVoided')
        GROUP BY stream
    ),
    complained AS
    (
        SELECT
            complainer AS customer_id,
            if(last IN ('ComplaintAnswered', 'ComplaintResolved', 'ComplaintClosed') AND (score = 0 OR score > 2),
               '', if(score BETWEEN 1 AND 2 OR last = 'ComplaintDisputed', 'badly ended complaint', 'open complaint')) AS signal
        FROM complaints
        WHERE NOT voided AND last != '' AND signal != ''
    ),
    unanswered AS
    (
        SELECT customer_id, 'unanswered touches' AS signal
        FROM crm.events
        WHERE type IN ('TouchSent', 'TouchOpened', 'TouchClicked', 'CampaignResponseRecorded')
              AND position <= {knownAt:UInt64} AND business_date <= {asOf:Date32} AND business_date > {asOf:Date32} - 180
        GROUP BY customer_id
        HAVING countIf(type = 'TouchSent') >= 3 AND countIf(type != 'TouchSent') = 0
    )
SELECT
    if(identity.survivor != '', identity.survivor, s.customer_id) AS customer_id,
    arraySort(groupUniqArray(s.signal)) AS signals
FROM
(
    SELECT customer_id, signal FROM silent
    UNION ALL SELECT customer_id, signal FROM complained
    UNION ALL SELECT customer_id, signal FROM unanswered
) AS s
LEFT ANY JOIN crm.{identity:Identifier} AS identity ON identity.customer_id = s.customer_id
GROUP BY customer_id
