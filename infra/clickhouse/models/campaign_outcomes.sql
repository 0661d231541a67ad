-- The outcome of every member of a campaign (intention to treat: by the arm that was assigned, whoever was reached):
-- what an import says, otherwise all purchases from the day of the assignment to the end of the window, whatever
-- they refer to. Parameters: windowDays UInt32; {members} holds campaign_members.sql, {days} purchase_days.sql.
SELECT
    m.arm AS arm,
    m.reached AS reached,
    m.contaminated AS contaminated,
    m.touch_cost AS touch_cost,
    m.visits > 0 AS visited,
    if(m.has_outcome, m.conversions > 0, d.purchases > 0) AS converted,
    if(m.has_outcome, m.spend, d.revenue) AS money
FROM crm.{members:Identifier} AS m
LEFT JOIN
(
    SELECT members.customer_id AS customer_id, members.assigned_on AS assigned_on,
           count() AS purchases, sum(days.revenue) AS revenue
    FROM crm.{members:Identifier} AS members
    INNER JOIN crm.{days:Identifier} AS days ON days.customer_id = members.customer_id
    WHERE days.day >= members.assigned_on AND days.day <= members.assigned_on + {windowDays:UInt32}
    GROUP BY customer_id, assigned_on
) AS d ON d.customer_id = m.customer_id AND d.assigned_on = m.assigned_on
