-- One row per month and category: how fast complaints are answered, and how well. Durations are of those complaints
-- of which they are known; where a source says only that something was in time, that is counted, not timed.
CREATE VIEW complaint_timeliness
(
    month COMMENT 'First day of the month in which the complaints were opened',
    category COMMENT 'What is complained of, as it is classified now',
    complaints COMMENT 'Complaints opened',
    answered COMMENT 'Those of them that were answered',
    timely COMMENT 'Those whose last answer was in time, where somebody said so',
    untimely COMMENT 'Those whose last answer was late, where somebody said so',
    overdue COMMENT 'Those not answered by their due date',
    disputed COMMENT 'Those of which the customer did not accept an answer',
    reopened COMMENT 'Those reopened at least once',
    mean_days_to_answer COMMENT 'Mean of the days to the first answer; null when none is known',
    p90_days_to_answer COMMENT 'Days within which nine of ten are answered first; null when none is known',
    mean_satisfaction COMMENT 'Mean satisfaction with the handling, 1 to 5; null when none was reported'
)
COMMENT 'One row per month of opening and category: how fast and how well complaints are answered'
AS SELECT
    toStartOfMonth(c.business_date) AS month,
    c.category AS category,
    count() AS complaints,
    countIf(c.answered) AS answered,
    countIf(c.timely) AS timely,
    countIf(NOT c.timely) AS untimely,
    countIf(c.overdue) AS overdue,
    countIf(c.disputed) AS disputed,
    countIf(c.reopened_count > 0) AS reopened,
    round(avgOrNull(c.days_to_answer), 2) AS mean_days_to_answer,
    quantileExactOrNull(0.9)(c.days_to_answer) AS p90_days_to_answer,
    round(avgOrNull(c.satisfaction), 2) AS mean_satisfaction
FROM crm.complaints AS c
GROUP BY month, c.category;
