-- Merges are resolved when facts are read, never when they are written: a merge can be undone. All views call this
-- one function, so that they cannot disagree. ClickHouse puts its body into the views when they are made, and
-- evaluates the subquery, which stands here twice, once for a query.
CREATE OR REPLACE FUNCTION surviving_customer AS (id) -> transform(
    id,
    (SELECT (arrayConcat([''], groupArray(recorded_customer_id)), arrayConcat([''], groupArray(customer_id))) FROM crm.customer_identity).1,
    (SELECT (arrayConcat([''], groupArray(recorded_customer_id)), arrayConcat([''], groupArray(customer_id))) FROM crm.customer_identity).2,
    id
);
