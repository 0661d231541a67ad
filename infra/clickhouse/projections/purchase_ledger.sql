-- One row per entry that changes what purchases are worth: a sale, its voiding, a return, the voiding of a return.
-- Nothing is resolved here, neither voidings nor merges: whoever computes as of a date and a position picks the
-- entries that had been made by then. The models of customer value read nothing but this.
CREATE TABLE purchase_ledger
(
    position UInt64 COMMENT 'Position of the event: an entry was known from here on',
    stream String COMMENT 'Stream of the purchase, or of a return without one',
    entry LowCardinality(String) COMMENT 'sale, void, return, return-void',
    return_id String COMMENT 'Of entries about a return: which one; otherwise empty',
    customer_id String COMMENT 'The customer as recorded, merges not resolved; empty for none',
    business_date Date32 COMMENT 'The day in the business zone on which it happened',
    kind LowCardinality(String) COMMENT 'Of a sale: sale, renewal, trial or replacement; otherwise empty',
    gross Decimal(38, 4) COMMENT 'Paid for the sale, or paid back for the return, with tax and shipping',
    net Decimal(38, 4) COMMENT 'Of a sale: gross without tax',
    cost Nullable(Float64) COMMENT 'Of a sale: what the goods cost, where it is known of the order or of every line',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amounts; empty for voidings'
)
ENGINE = MergeTree
ORDER BY (entry, customer_id, business_date)
COMMENT 'Every sale, return and voiding as it was entered: what customer value is computed from, as of any date and position';

WITH
    JSONExtractArrayRaw(data, 'lines') AS lines,
    arrayMap(line -> toFloat64OrNull(JSONExtractString(line, 'unitCost', 'amount'))
                     * toFloat64OrNull(JSONExtractString(line, 'quantity')), lines) AS line_costs,
    if(type = 'ReturnRecorded', 'refund', 'total') AS money
SELECT
    position,
    stream,
    transform(type, ['PurchaseRecorded', 'PurchaseVoided', 'ReturnRecorded', 'ReturnVoided'],
              ['sale', 'void', 'return', 'return-void'], '') AS entry,
    JSONExtractString(data, 'returnId') AS return_id,
    customer_id,
    business_date,
    if(type = 'PurchaseRecorded', ifNull(nullIf(JSONExtractString(data, 'kind'), ''), 'sale'), '') AS kind,
    toDecimal128OrZero(JSONExtractString(data, money, 'amount'), 4) AS gross,
    gross - toDecimal128OrZero(JSONExtractString(data, 'tax', 'amount'), 4) AS net,
    multiIf(
        type != 'PurchaseRecorded', NULL,
        JSONHas(data, 'cost'), toFloat64OrNull(JSONExtractString(data, 'cost', 'amount')),
        empty(lines) OR arrayExists(line_cost -> isNull(line_cost), line_costs), NULL,
        arraySum(line_cost -> ifNull(line_cost, 0), line_costs)) AS cost,
    JSONExtractString(data, money, 'currency') AS currency
FROM events
WHERE type IN ('PurchaseRecorded', 'PurchaseVoided', 'ReturnRecorded', 'ReturnVoided');
