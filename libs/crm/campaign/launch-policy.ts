import type { AudienceCount } from './audience-checksum.js';
import type { CampaignState } from './campaign.js';
import type { FreezeSelectedAudience, SelectAudience } from './campaign-types.js';

/** What the process that launches a campaign knows of its own work; all of it can be found out again. */
export interface LaunchProgress {
  /** The audience as the segment or the list gives it now; undefined before it was evaluated. */
  readonly found?: AudienceCount;
  /** Those who are members already. */
  readonly assigned: AudienceCount;
}

export type LaunchStep =
  /** Not launched, failed, ended, frozen, without audience, or its members are imported. */
  | { readonly do: 'nothing' }
  | { readonly do: 'find-audience' }
  | {
      readonly do: 'send';
      readonly command: Omit<SelectAudience, 'metadata'> | Omit<FreezeSelectedAudience, 'metadata'>;
    }
  /** AssignSelectedMember for those of the audience who are no members yet; doing one again changes nothing. */
  | { readonly do: 'assign-members' }
  /** What was promised and what is there differ: somebody must look. */
  | { readonly do: 'stop'; readonly code: 'audience-changed' | 'members-differ'; readonly message: string };

/** What to do next; asked again after every step, and after every restart. */
export const launchPolicy = (campaign: CampaignState, { found, assigned }: LaunchProgress): LaunchStep => {
  const { plan, launch, selected, frozen, failure, ended } = campaign;
  if (!plan || plan.audience === 'none' || plan.imported) return { do: 'nothing' };
  if (!launch || frozen || failure || ended) return { do: 'nothing' };
  if (!found) return { do: 'find-audience' };
  if (!selected) return send('SelectAudience', plan.campaignId, found);
  if (!sameAudience(found, selected))
    return stop('audience-changed', `${said(selected)} were selected, now there are ${said(found)}.`);
  if (sameAudience(assigned, selected)) return send('FreezeSelectedAudience', plan.campaignId, selected);
  if (assigned.count < selected.count) return { do: 'assign-members' };
  return stop('members-differ', `${said(selected)} were selected, but ${said(assigned)} are members.`);
};

export const sameAudience = (a: AudienceCount, b: AudienceCount): boolean =>
  a.count === b.count && a.checksum === b.checksum;

const send = (
  type: 'SelectAudience' | 'FreezeSelectedAudience',
  campaignId: string,
  { count, checksum }: AudienceCount,
): LaunchStep => ({ do: 'send', command: { type, data: { campaignId, count, checksum } } });

const said = ({ count, checksum }: AudienceCount): string => `${count} customers (${checksum})`;

const stop = (code: 'audience-changed' | 'members-differ', message: string): LaunchStep => ({
  do: 'stop',
  code,
  message,
});
