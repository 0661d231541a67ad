import { describe, expect, it } from '@jest/globals';
import type { Stored } from '#eventing/decider';
import { specMetadata } from '#test/support/decider-specification';
import { AudienceChecksum, type AudienceCount } from './audience-checksum.js';
import { type CampaignState, campaign } from './campaign.js';
import type { CampaignCommand, CampaignEvent, CampaignPlannedData } from './campaign-types.js';
import { launchPolicy } from './launch-policy.js';

const campaignId = 'spring';
const nobody: AudienceCount = AudienceChecksum.of([]);
const all = AudienceChecksum.of(['a', 'b', 'c']);
const some = AudienceChecksum.of(['a']);
const others = AudienceChecksum.of(['a', 'b', 'd']);

const plan: CampaignPlannedData = {
  campaignId,
  name: 'Spring',
  goal: 'revenue',
  phase: 'retention',
  channel: 'email',
  audience: 'selected',
  arms: [{ name: 'letter', share: 1 }],
  holdOut: 0.1,
  salt: 'salt',
  primaryMetric: 'revenue',
  outcomeWindowDays: 30,
  imported: false,
};
const launch = { campaignId, customers: ['a', 'b', 'c'] };
const ready: CampaignState = { plan, launch };

const sending = (type: string, audience: AudienceCount) => ({
  do: 'send',
  command: { type, data: { campaignId, ...audience } },
});

describe('launchPolicy', () => {
  it.each<[string, CampaignState]>([
    ['was not planned', {}],
    ['was not launched', { plan }],
    ['has no audience', { plan: { ...plan, audience: 'none' }, launch }],
    ['has imported members', { plan: { ...plan, imported: true }, launch }],
    ['failed', { ...ready, failure: { campaignId, code: 'segment-failed', message: 'No such table.' } }],
    ['has ended', { ...ready, ended: { campaignId } }],
    ['is frozen', { ...ready, selected: all, frozen: all }],
  ])('does nothing for a campaign that %s', (_, state) => {
    expect(launchPolicy(state, { found: all, assigned: some })).toEqual({ do: 'nothing' });
  });

  it('finds the audience, after every restart too', () => {
    expect(launchPolicy(ready, { assigned: nobody })).toEqual({ do: 'find-audience' });
    expect(launchPolicy({ ...ready, selected: all }, { assigned: some })).toEqual({ do: 'find-audience' });
  });
  it('selects what it found', () => {
    expect(launchPolicy(ready, { found: all, assigned: nobody })).toEqual(sending('SelectAudience', all));
  });
  it('assigns until all are members', () => {
    const selected = { ...ready, selected: all };
    expect(launchPolicy(selected, { found: all, assigned: nobody })).toEqual({ do: 'assign-members' });
    expect(launchPolicy(selected, { found: all, assigned: some })).toEqual({ do: 'assign-members' });
  });
  it('freezes an audience that is complete, also one of nobody', () => {
    expect(launchPolicy({ ...ready, selected: all }, { found: all, assigned: all })).toEqual(
      sending('FreezeSelectedAudience', all),
    );
    expect(launchPolicy({ ...ready, selected: nobody }, { found: nobody, assigned: nobody })).toEqual(
      sending('FreezeSelectedAudience', nobody),
    );
  });
  it('stops when the segment no longer gives what was selected', () => {
    const step = launchPolicy({ ...ready, selected: all }, { found: others, assigned: some });
    expect(step).toMatchObject({ do: 'stop', code: 'audience-changed' });
  });
  it('stops when as many are members, but not the same', () => {
    const step = launchPolicy({ ...ready, selected: all }, { found: all, assigned: others });
    expect(step).toMatchObject({ do: 'stop', code: 'members-differ' });
  });

  it('leads from the launch to the frozen audience in steps that the campaign takes', () => {
    const tell = (state: CampaignState, command: Omit<CampaignCommand, 'metadata'>) =>
      campaign
        .decide({ ...command, metadata: specMetadata } as CampaignCommand, state)
        .map((event) => ({ ...event, metadata: specMetadata }) as Stored<CampaignEvent>)
        .reduce(campaign.evolve, state);
    let state = ready;
    let progress: Parameters<typeof launchPolicy>[1] = { assigned: nobody };
    const steps: string[] = [];
    for (
      let step = launchPolicy(state, progress);
      step.do !== 'nothing';
      step = launchPolicy(state, progress)
    ) {
      steps.push(step.do === 'send' ? step.command.type : step.do);
      if (step.do === 'find-audience') progress = { ...progress, found: all };
      if (step.do === 'assign-members') progress = { ...progress, assigned: all };
      if (step.do === 'send') state = tell(state, step.command);
    }
    expect(steps).toEqual(['find-audience', 'SelectAudience', 'assign-members', 'FreezeSelectedAudience']);
    expect(state.frozen).toMatchObject(all);
  });
});
