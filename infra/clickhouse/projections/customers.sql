-- One row per event of a customer. The public view folds them: a customer has few events, and so nothing depends on
-- the order in which they came here. Names, addresses and the like are sealed in the events and are not taken over;
-- what is left of them is whether they are known.
CREATE TABLE customers
(
    customer_id String COMMENT 'The customer',
    revision UInt64 COMMENT 'Order of the events of this customer',
    event LowCardinality(String) COMMENT 'CustomerRegistered, CustomerDetailsChanged, CustomerTagged, CustomerUntagged, CustomerClosed or CustomerErased',
    position UInt64 COMMENT 'Position of the event: it was known from here on' CODEC(DoubleDelta, LZ4),
    recorded_at DateTime64(3, 'UTC') COMMENT 'When it was recorded',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened',
    business_date Date32 COMMENT 'The day on which it happened, in the business zone',
    stage LowCardinality(String) COMMENT 'lead or customer; empty when the event does not say',
    kind LowCardinality(String) COMMENT 'person or company; empty when the event does not say',
    has_email Nullable(Bool) COMMENT 'Whether an e-mail address is known; null when the event does not say',
    has_phone Nullable(Bool) COMMENT 'Whether a telephone number is known; null when the event does not say',
    has_address Nullable(Bool) COMMENT 'Whether an address is known; null when the event does not say',
    source_channel Nullable(String) COMMENT 'By which channel the customer came; null when the event does not say',
    source_campaign_id Nullable(String) COMMENT 'By which campaign the customer came; null when the event does not say',
    referred_by Nullable(String) COMMENT 'The customer who brought this one, as recorded; null when the event does not say',
    attributes Map(LowCardinality(String), Nullable(String)) COMMENT 'Attributes that the event sets, by name; null for one that it takes away',
    tag String COMMENT 'The tag that is put on or taken off; otherwise empty',
    initiator LowCardinality(String) COMMENT 'Of a closing: customer, company or death; otherwise empty',
    reason LowCardinality(String) COMMENT 'Of a closing or an erasure: why; otherwise empty'
)
ENGINE = MergeTree
ORDER BY (customer_id, revision)
COMMENT 'Every event of every customer, as recorded, without personal data';

WITH
    JSONExtract(data, 'Tuple(
        customerId String, stage String, kind String, tag String, initiator String, reason String,
        email Nullable(String), phone Nullable(String), address Nullable(String),
        source Tuple(channel String, campaignId String, referredBy String),
        attributes Map(String, Nullable(String)))') AS d,
    (name, value) -> if(type = 'CustomerRegistered' OR (type = 'CustomerDetailsChanged' AND JSONHas(data, name)), isNotNull(value), NULL) AS known
SELECT
    d.customerId AS customer_id,
    revision,
    type AS event,
    position,
    recorded_at,
    occurred_at,
    business_date,
    d.stage AS stage,
    d.kind AS kind,
    known('email', d.email) AS has_email,
    known('phone', d.phone) AS has_phone,
    known('address', d.address) AS has_address,
    if(known('source', '') = true, d.source.channel, NULL) AS source_channel,
    if(known('source', '') = true, d.source.campaignId, NULL) AS source_campaign_id,
    if(known('source', '') = true, d.source.referredBy, NULL) AS referred_by,
    d.attributes AS attributes,
    d.tag AS tag,
    d.initiator AS initiator,
    d.reason AS reason
FROM events
WHERE type IN ('CustomerRegistered', 'CustomerDetailsChanged', 'CustomerTagged', 'CustomerUntagged', 'CustomerClosed',
               'CustomerErased');

CREATE VIEW customers
(
    customer_id COMMENT 'The customer; one who was merged into another is found under the other only',
    stage COMMENT 'lead, customer, or unidentified: known from facts only, not registered',
    kind COMMENT 'person or company; empty when not known',
    registered_at COMMENT 'When the customer was registered; null for unidentified ones',
    registered_on COMMENT 'The day of the registration in the business zone; null for unidentified ones',
    has_email COMMENT 'Whether an e-mail address is known',
    has_phone COMMENT 'Whether a telephone number is known',
    has_address COMMENT 'Whether an address is known',
    source_channel COMMENT 'By which channel the customer came; empty when not known',
    source_campaign_id COMMENT 'By which campaign the customer came; empty for none',
    referred_by COMMENT 'The customer who brought this one, merges resolved; empty for nobody',
    tags COMMENT 'Tags, in the order in which they were put on',
    attributes COMMENT 'Attributes in the clear, by name: segment, loyaltyTier, language, country, birthYear ...',
    segment COMMENT 'The attribute segment; empty when not known',
    country COMMENT 'The attribute country (ISO 3166); empty when not known',
    closed_at COMMENT 'When the relationship was closed; null while it is not',
    close_initiator COMMENT 'Who closed it: customer, company or death; empty while it is open',
    close_reason COMMENT 'Why it was closed; empty when not known',
    erased COMMENT 'Whether the personal data of the customer was erased',
    merged_customer_ids COMMENT 'The ids that were merged into this one',
    position COMMENT 'Position of the first event of the customer; 0 for unidentified ones',
    last_position COMMENT 'Position of the last event of the customer; 0 for unidentified ones'
)
COMMENT 'One row per customer, as he or she is now: registered ones, and those who are known only from purchases, contacts, complaints or campaigns'
AS WITH
    folded AS
    (
        SELECT
            c.customer_id AS folded_id,
            countIf(c.event = 'CustomerErased') > 0 AS is_erased,
            countIf(c.event = 'CustomerRegistered') > 0 AS is_registered,
            argMaxIf(c.stage, c.revision, c.stage != '') AS last_stage,
            argMaxIf(c.kind, c.revision, c.kind != '') AS last_kind,
            minOrNullIf(c.occurred_at, c.event = 'CustomerRegistered') AS registered_at,
            minOrNullIf(c.business_date, c.event = 'CustomerRegistered') AS registered_on,
            argMax(c.has_email, c.revision) AS email_known,
            argMax(c.has_phone, c.revision) AS phone_known,
            argMax(c.has_address, c.revision) AS address_known,
            argMax(c.source_channel, c.revision) AS last_source_channel,
            argMax(c.source_campaign_id, c.revision) AS last_source_campaign_id,
            argMax(c.referred_by, c.revision) AS last_referred_by,
            arrayFold(
                (tags, x) -> if(x.3, arrayPushBack(arrayFilter(tag -> tag != x.2, tags), x.2), arrayFilter(tag -> tag != x.2, tags)),
                arraySort(groupArrayIf((c.revision, c.tag, c.event = 'CustomerTagged'), c.tag != '')),
                CAST([] AS Array(String))) AS all_tags,
            arrayFold(
                (known, x) -> mapUpdate(known, x.2),
                arraySort(x -> x.1, groupArrayIf((c.revision, CAST(c.attributes AS Map(String, Nullable(String)))), notEmpty(c.attributes))),
                CAST(map() AS Map(String, Nullable(String)))) AS all_attributes,
            maxOrNullIf(c.occurred_at, c.event = 'CustomerClosed') AS last_closed_at,
            argMaxIf(c.initiator, c.revision, c.event = 'CustomerClosed') AS last_initiator,
            argMaxIf(c.reason, c.revision, c.event = 'CustomerClosed') AS last_reason,
            min(c.position) AS first_position,
            max(c.position) AS latest_position
        FROM customers AS c
        GROUP BY c.customer_id
    ),
    merged AS
    (
        SELECT customer_id AS survivor, arraySort(groupArray(recorded_customer_id)) AS merged_ids
        FROM crm.customer_identity
        GROUP BY survivor
    ),
    ids AS
    (
        SELECT folded_id AS id FROM folded WHERE folded_id NOT IN (SELECT recorded_customer_id FROM crm.customer_identity)
        UNION DISTINCT SELECT customer_id FROM crm.purchases
        UNION DISTINCT SELECT customer_id FROM crm.returns
        UNION DISTINCT SELECT customer_id FROM crm.interactions
        UNION DISTINCT SELECT customer_id FROM crm.complaint_events
        UNION DISTINCT SELECT customer_id FROM crm.campaign_members
    )
SELECT
    ids.id AS customer_id,
    multiIf(NOT f.is_registered, 'unidentified', f.last_stage = '', 'customer', f.last_stage) AS stage,
    if(f.is_erased, '', f.last_kind) AS kind,
    f.registered_at AS registered_at,
    f.registered_on AS registered_on,
    ifNull(f.email_known, false) AND NOT f.is_erased AS has_email,
    ifNull(f.phone_known, false) AND NOT f.is_erased AS has_phone,
    ifNull(f.address_known, false) AND NOT f.is_erased AS has_address,
    ifNull(f.last_source_channel, '') AS source_channel,
    ifNull(f.last_source_campaign_id, '') AS source_campaign_id,
    surviving_customer(ifNull(f.last_referred_by, '')) AS referred_by,
    if(f.is_erased, [], f.all_tags) AS tags,
    if(f.is_erased, CAST(map() AS Map(String, String)), mapApply((k, v) -> (k, assumeNotNull(v)), mapFilter((k, v) -> isNotNull(v), f.all_attributes))) AS attributes,
    attributes['segment'] AS segment,
    attributes['country'] AS country,
    f.last_closed_at AS closed_at,
    f.last_initiator AS close_initiator,
    f.last_reason AS close_reason,
    CAST(f.is_erased AS Bool) AS erased,
    m.merged_ids AS merged_customer_ids,
    f.first_position AS position,
    f.latest_position AS last_position
FROM ids
LEFT ANY JOIN folded AS f ON f.folded_id = ids.id
LEFT ANY JOIN merged AS m ON m.survivor = ids.id
WHERE ids.id != '';
