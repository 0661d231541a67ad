import { type CampaignState, campaign, campaignFacts } from '#crm/campaign/campaign';
import type { CampaignEvent } from '#crm/campaign/campaign-types';
import type { CampaignFacts } from '#crm/campaign-member/campaign-member-types';
import type { Stored } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { streamName } from '#eventing/stream-name';
import type { Upcasters } from '#eventing/upcaster';

interface Known {
  readonly state: CampaignState;
  readonly revision: number;
}

const NOTHING: Known = { state: campaign.initialState, revision: -1 };
const MOST_CAMPAIGNS = 1_000;

/** What the commands of a campaign's members must know of it; undefined when there is no such campaign. */
export type CampaignFactsOf = (campaignId: string) => Promise<CampaignFacts | undefined>;

/**
 * Keeps the campaigns asked for lately, folded. As long as a fact can still turn from false to true, the end of the
 * stream is read again: mostly nothing, and never a fact that somebody has changed and been told so.
 */
export const campaignFactsReader = (
  store: Pick<EventStore, 'readStream'>,
  upcasters: Upcasters,
): CampaignFactsOf => {
  const campaigns = new Map<string, Known>();

  const remember = (campaignId: string, known: Known): void => {
    const newest = campaigns.get(campaignId);
    campaigns.delete(campaignId);
    campaigns.set(campaignId, newest && newest.revision > known.revision ? newest : known);
    const [oldest] = campaigns.keys();
    if (campaigns.size > MOST_CAMPAIGNS) campaigns.delete(oldest as string);
  };

  return async (campaignId) => {
    let known = campaigns.get(campaignId) ?? NOTHING;
    const facts = campaignFacts(known.state);
    if (facts?.launched && facts.audienceFrozen && facts.ended) return facts;
    const stream = streamName('campaign', campaignId);
    for await (const event of store.readStream(stream, { from: known.revision + 1 }))
      known = {
        state: campaign.evolve(known.state, upcasters.upcast(event) as DomainEvent as Stored<CampaignEvent>),
        revision: event.revision,
      };
    if (known !== NOTHING) remember(campaignId, known);
    return campaignFacts(known.state);
  };
};
