-- One row per campaign, arm and currency, by intention to treat: every member counts in the arm that was assigned,
-- whoever was reached, with all purchases from the day of the assignment to the end of the outcome window, whatever
-- they refer to. Where an import brought outcomes, these count instead. The sums of squares are there so that
-- intervals can be computed from this view alone; the report of a campaign adds tests and says when they hold.
CREATE VIEW campaign_performance
(
    campaign_id COMMENT 'Id of the campaign',
    campaign_name COMMENT 'Name of the campaign',
    arm COMMENT 'The arm that was assigned',
    held_out COMMENT 'Whether this is the control group, which the others are compared with',
    currency COMMENT 'ISO 4217 code of the amounts; amounts of several currencies stand in rows of their own. Empty without any',
    outcome_source COMMENT 'purchases, or imported',
    members COMMENT 'Customers assigned to the arm; merged ones count once, with the arm that was assigned first',
    probability COMMENT 'With which the arm was to come out: share of members that was to be expected',
    reached COMMENT 'Members to whom a message was sent',
    contaminated COMMENT 'Members held out and touched all the same',
    visits COMMENT 'Members with a visit, where outcomes were imported; null otherwise',
    conversions COMMENT 'Members with a purchase in this currency in the outcome window',
    purchases COMMENT 'Purchases in this currency in the outcome window; null where outcomes were imported',
    revenue COMMENT 'Revenue of the members in the outcome window, net of tax and returns',
    revenue_sum_of_squares COMMENT 'Sum over the members of the square of their revenue',
    visit_rate COMMENT 'Visits per member; null where visits were not imported',
    conversion_rate COMMENT 'Conversions per member',
    revenue_per_member COMMENT 'Revenue per member: the mean over all members, buyers or not',
    control_members COMMENT 'Members of the control group; 0 without one',
    visit_lift COMMENT 'visit_rate less that of the control group; null for the control group itself',
    conversion_lift COMMENT 'conversion_rate less that of the control group; null for the control group itself',
    revenue_lift COMMENT 'revenue_per_member less that of the control group; null for the control group itself',
    incremental_revenue COMMENT 'revenue_lift times members: what the arm brought; null for the control group itself',
    touch_cost COMMENT 'What the touches of the arm cost, in this currency',
    campaign_cost COMMENT 'Fixed cost of the whole campaign, the same in all its rows; null when not known or in another currency',
    window_starts_on COMMENT 'Day of the first assignment',
    window_ends_on COMMENT 'Last day of the outcome window of the last member',
    provisional COMMENT 'Whether the outcome window has not ended yet'
)
COMMENT 'One row per campaign, assigned arm and currency: what came of it, by intention to treat'
AS WITH
    -- What a member bought in the outcome window, or an import says of it: by currency, so that no two are added.
    members AS
    (
        SELECT
            m.campaign_id AS campaign,
            any(p.name) AS plan_name,
            any(p.cost) AS plan_cost,
            any(toString(p.cost_currency)) AS plan_currency,
            argMin(toString(m.arm), m.position) AS assigned_arm,
            argMin(m.held_out, m.position) AS is_held_out,
            argMin(m.probability, m.position) AS assigned_probability,
            argMin(m.business_date, m.position) AS assigned_on,
            assigned_on + ifNull(any(p.outcome_window_days), 30) AS window_end,
            max(m.reached) AS was_reached,
            max(m.contaminated) AS was_contaminated,
            max(m.has_outcome) AS has_import,
            max(m.visits) AS import_visits,
            max(m.conversions) AS import_conversions,
            sum(ifNull(m.spend, 0)) AS import_spend,
            max(toString(m.currency)) AS import_currency,
            arrayFilter(v -> v.1 >= assigned_on AND v.1 <= window_end, any(b.bought)) AS in_window,
            arrayReduce('sumMap', arrayMap(v -> map(v.2, v.3), in_window)) AS bought_money,
            arrayReduce('sumMap', arrayMap(v -> map(v.2, 1), in_window)) AS bought_count,
            any(t.costs) AS touch_costs
        FROM crm.campaign_members AS m
        INNER JOIN crm.campaigns AS p ON p.campaign_id = m.campaign_id
        LEFT JOIN
        (
            SELECT customer_id, groupArray((business_date, toString(currency), toFloat64(net))) AS bought
            FROM crm.purchase_values WHERE NOT returned GROUP BY customer_id
        ) AS b ON b.customer_id = m.customer_id
        LEFT JOIN
        (
            SELECT campaign_id, customer_id, sumMap(map(toString(currency), assumeNotNull(cost))) AS costs
            FROM crm.campaign_touches WHERE isNotNull(cost) GROUP BY campaign_id, customer_id
        ) AS t ON t.campaign_id = m.campaign_id AND t.customer_id = m.customer_id
        GROUP BY m.campaign_id, m.customer_id
    ),
    arms AS
    (
        SELECT
            campaign,
            assigned_arm AS arm,
            any(plan_name) AS campaign_name,
            any(plan_cost) AS fixed_cost,
            any(plan_currency) AS fixed_currency,
            max(is_held_out) AS arm_held_out,
            count() AS arm_members,
            any(assigned_probability) AS arm_probability,
            countIf(was_reached) AS arm_reached,
            countIf(was_contaminated) AS arm_contaminated,
            countIf(import_visits > 0) AS arm_visits,
            countIf(isNotNull(import_visits)) > 0 AS visits_known,
            min(assigned_on) AS window_start,
            max(window_end) AS window_end_on,
            sumMap(touch_costs) AS arm_touch_costs,
            sumMap(bought_count) AS bought_purchases,
            sumMap(mapApply((k, v) -> (k, 1), bought_money)) AS bought_conversions,
            sumMap(bought_money) AS bought_revenue,
            sumMap(mapApply((k, v) -> (k, v * v), bought_money)) AS bought_squares,
            max(has_import) AS any_import,
            countIf(import_conversions > 0) AS import_converted,
            toFloat64(sum(import_spend)) AS import_revenue,
            sum(toFloat64(import_spend) * toFloat64(import_spend)) AS import_squares,
            max(import_currency) AS arm_import_currency
        FROM members
        GROUP BY campaign, arm
    ),
    rows AS
    (
        SELECT
            a.*,
            max(a.any_import) OVER (PARTITION BY a.campaign) AS is_imported,
            arrayDistinct(if(is_imported,
                [max(a.arm_import_currency) OVER (PARTITION BY a.campaign)],
                groupArrayArray(mapKeys(a.bought_revenue)) OVER (PARTITION BY a.campaign))) AS currencies,
            arrayJoin(if(empty(currencies), [a.fixed_currency], currencies)) AS currency,
            if(is_imported, a.import_converted, a.bought_conversions[currency]) AS arm_conversions,
            if(is_imported, a.import_revenue, a.bought_revenue[currency]) AS arm_revenue,
            if(is_imported, a.import_squares, a.bought_squares[currency]) AS arm_squares,
            if(a.visits_known, a.arm_visits / a.arm_members, NULL) AS arm_visit_rate,
            arm_conversions / a.arm_members AS arm_conversion_rate,
            arm_revenue / a.arm_members AS arm_mean
        FROM arms AS a
    )
SELECT
    r.campaign AS campaign_id,
    r.campaign_name AS campaign_name,
    r.arm AS arm,
    r.arm_held_out AS held_out,
    r.currency AS currency,
    if(r.is_imported, 'imported', 'purchases') AS outcome_source,
    r.arm_members AS members,
    r.arm_probability AS probability,
    r.arm_reached AS reached,
    r.arm_contaminated AS contaminated,
    if(r.visits_known, r.arm_visits, NULL) AS visits,
    r.arm_conversions AS conversions,
    if(r.is_imported, NULL, r.bought_purchases[r.currency]) AS purchases,
    toDecimal128(toString(round(r.arm_revenue, 4)), 4) AS revenue,
    r.arm_squares AS revenue_sum_of_squares,
    r.arm_visit_rate AS visit_rate,
    r.arm_conversion_rate AS conversion_rate,
    r.arm_mean AS revenue_per_member,
    sumIf(r.arm_members, r.arm_held_out) OVER of_campaign AS control_members,
    if(r.arm_held_out, NULL, r.arm_visit_rate - anyIf(r.arm_visit_rate, r.arm_held_out) OVER of_campaign) AS visit_lift,
    if(r.arm_held_out OR control_members = 0, NULL, r.arm_conversion_rate - anyIf(r.arm_conversion_rate, r.arm_held_out) OVER of_campaign) AS conversion_lift,
    if(r.arm_held_out OR control_members = 0, NULL, r.arm_mean - anyIf(r.arm_mean, r.arm_held_out) OVER of_campaign) AS revenue_lift,
    toDecimal128(toString(round(revenue_lift * r.arm_members, 4)), 4) AS incremental_revenue,
    r.arm_touch_costs[r.currency] AS touch_cost,
    if(r.fixed_currency = r.currency, r.fixed_cost, NULL) AS campaign_cost,
    r.window_start AS window_starts_on,
    max(r.window_end_on) OVER of_campaign AS window_ends_on,
    CAST(window_ends_on >= toDate32(today()) AS Bool) AS provisional
FROM rows AS r
WINDOW of_campaign AS (PARTITION BY r.campaign, r.currency);
