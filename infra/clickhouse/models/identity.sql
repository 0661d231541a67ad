-- Who stands for whom, as known at one position: merged customers and the survivor at the end of each chain.
-- Parameters: knownAt UInt64.
WITH RECURSIVE
    merged AS
    (
        SELECT customer_id, argMax(if(type = 'CustomerMerged', JSONExtractString(data, 'into'), ''), revision) AS survivor
        FROM crm.events
        WHERE type IN ('CustomerMerged', 'CustomerMergeUndone') AND position <= {knownAt:UInt64}
        GROUP BY customer_id
        HAVING survivor != ''
    ),
    chain AS
    (
        SELECT customer_id, survivor, 1 AS depth FROM merged
        UNION ALL
        SELECT chain.customer_id, merged.survivor, chain.depth + 1
        FROM chain INNER JOIN merged ON merged.customer_id = chain.survivor
        WHERE chain.depth < 100
    )
SELECT customer_id, argMax(survivor, depth) AS survivor
FROM chain
GROUP BY customer_id
