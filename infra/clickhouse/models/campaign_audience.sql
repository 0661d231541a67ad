-- Whom a campaign addresses of the customers that its segment or list names, as known at the launch: one row per
-- customer, merged ones as their survivors, with the reason why one is left out. A list is treated like a segment:
-- - who was erased can no longer be reached, and the dead are not written to;
-- - who unsubscribed from all advertising, or from the campaign's channel, as any of the customers now merged into
--   one, is not addressed again; having unsubscribed from one campaign only does not count for the next;
-- - who ended the relationship is left to win-back campaigns, which are meant for them.
-- A customer need not be registered: visitors and buyers known only by an id may be addressed, too.
-- Parameters: knownAt UInt64, channel String, winBack UInt8; {named} is a table of customer ids, {identity} holds
-- identity.sql.
WITH
    channels AS
    (
        SELECT JSONExtractString(data, 'campaignId') AS campaign, JSONExtractString(data, 'channel') AS channel
        FROM crm.events WHERE type = 'CampaignPlanned' AND position <= {knownAt:UInt64}
    ),
    wishes AS
    (
        SELECT customer_id,
               JSONExtractString(data, 'campaignId') AS campaign,
               JSONExtractString(data, 'scope') AS scope,
               JSONExtractString(data, 'channel') AS channel
        FROM crm.events WHERE type = 'TouchUnsubscribed' AND position <= {knownAt:UInt64}
    ),
    unsubscribed AS
    (
        SELECT if(identity.survivor != '', identity.survivor, wishes.customer_id) AS customer_id
        FROM wishes
        LEFT ANY JOIN channels ON channels.campaign = wishes.campaign
        LEFT ANY JOIN crm.{identity:Identifier} AS identity ON identity.customer_id = wishes.customer_id
        WHERE scope = 'all'
              OR (scope = 'channel' AND if(wishes.channel != '', wishes.channel, channels.channel) = {channel:String})
    ),
    closings AS
    (
        SELECT customer_id, JSONExtractString(data, 'initiator') = 'death' AS deceased
        FROM crm.events WHERE type = 'CustomerClosed' AND position <= {knownAt:UInt64}
    ),
    deceased AS
    (
        SELECT if(identity.survivor != '', identity.survivor, closings.customer_id) AS customer_id
        FROM closings
        LEFT ANY JOIN crm.{identity:Identifier} AS identity ON identity.customer_id = closings.customer_id
        WHERE deceased
    ),
    audience AS
    (
        SELECT DISTINCT if(identity.survivor != '', identity.survivor, named.customer_id) AS customer_id
        FROM crm.{named:Identifier} AS named
        LEFT ANY JOIN crm.{identity:Identifier} AS identity ON identity.customer_id = named.customer_id
    )
SELECT
    audience.customer_id AS customer_id,
    multiIf(
        customer_id IN (SELECT e.customer_id FROM crm.events AS e WHERE type = 'CustomerErased' AND position <= {knownAt:UInt64}), 'erased',
        customer_id IN (SELECT deceased.customer_id FROM deceased), 'deceased',
        NOT {winBack:UInt8} AND customer_id IN (SELECT closings.customer_id FROM closings), 'closed',
        customer_id IN (SELECT unsubscribed.customer_id FROM unsubscribed), 'unsubscribed',
        '') AS left_out
FROM audience
