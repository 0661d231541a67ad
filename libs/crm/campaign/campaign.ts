import type { Decider } from '#eventing/decider';
import { conflict, notFound, refused } from '#eventing/errors';
import { serverMadeId } from '#eventing/ids';
import type { CampaignFacts } from '../campaign-member/campaign-member-types.js';
import { sameFact } from '../same-fact.js';
import type { AudienceCount } from './audience-checksum.js';
import { checkFields, checkLaunchFitsPlan, sumOfShares } from './campaign-fields.js';
import type {
  CampaignCommand,
  CampaignCostRecordedData,
  CampaignEndedData,
  CampaignEvent,
  CampaignLaunchedData,
  CampaignLaunchFailedData,
  CampaignPlannedData,
  EndCampaign,
  FailLaunch,
  FreezeAudience,
  FreezeSelectedAudience,
  LaunchCampaign,
  PlanCampaign,
  RecordCampaignCost,
  SelectAudience,
} from './campaign-types.js';
import { sameAudience } from './launch-policy.js';

// ---- state

export interface CampaignState {
  readonly plan?: CampaignPlannedData;
  readonly launch?: CampaignLaunchedData;
  /** Business date of the launch; of one that failed and was sent again, that from which customers were selected. */
  readonly launchedOn?: string;
  readonly selected?: AudienceCount;
  readonly frozen?: AudienceCount;
  /** Why the launch stopped; it may be sent again. */
  readonly failure?: CampaignLaunchFailedData;
  readonly ended?: CampaignEndedData;
  readonly cost?: CampaignCostRecordedData;
}

/** A campaign that was planned. */
type Planned = CampaignState & { readonly plan: CampaignPlannedData };

const initialState: CampaignState = {};

const DEFAULT_HOLD_OUT = 0.1;
const DEFAULT_WINDOW_DAYS = 30;

// ---- decide

const decide = (command: CampaignCommand, state: CampaignState): readonly CampaignEvent[] => {
  checkFields(command);
  if (command.type === 'PlanCampaign') return plan(command, state);
  if (!isPlanned(state))
    throw notFound('campaign-not-found', `There is no campaign ${command.data.campaignId}.`);
  switch (command.type) {
    case 'LaunchCampaign':
      return launch(command, state);
    case 'SelectAudience':
      return selectAudience(command, state);
    case 'FailLaunch':
      return failLaunch(command, state);
    case 'FreezeSelectedAudience':
    case 'FreezeAudience':
      return freezeAudience(command, state);
    case 'EndCampaign':
      return end(command, state);
    case 'RecordCampaignCost':
      return recordCost(command, state);
    default:
      return command satisfies never;
  }
};

const isPlanned = (state: CampaignState): state is Planned => state.plan !== undefined;

const plan = (command: PlanCampaign, state: CampaignState): readonly CampaignEvent[] => {
  const planned = withDefaults(command, state.plan?.salt);
  if (!state.plan) return [{ type: 'CampaignPlanned', data: planned }];
  if (sameFact(state.plan, planned)) return [];
  throw conflict('campaign-exists', `Campaign ${planned.campaignId} was planned otherwise.`);
};

/** @param knownSalt of the plan that is there: a repetition that leaves the salt out means the same one */
const withDefaults = (
  { data, metadata: { actor, commandId } }: PlanCampaign,
  knownSalt: string | undefined,
): CampaignPlannedData => {
  const { audience = 'selected', imported = false, primaryMetric = 'revenue' } = data;
  const { arms, holdOut } = audience === 'none' ? noSplit : data;
  return {
    ...data,
    audience,
    imported,
    primaryMetric,
    arms: withWholeShares(arms ?? [{ name: 'treatment', share: 1 }]),
    holdOut: holdOut ?? DEFAULT_HOLD_OUT,
    salt: data.salt ?? knownSalt ?? serverMadeId(actor, commandId),
    outcomeWindowDays: data.outcomeWindowDays ?? DEFAULT_WINDOW_DAYS,
  };
};

const noSplit = { arms: [], holdOut: 0 };

/** Rounded shares such as .33, .33, .34 stay as they are, .333 three times become thirds. */
const withWholeShares = (arms: CampaignPlannedData['arms']): CampaignPlannedData['arms'] => {
  const sum = sumOfShares(arms);
  return Math.abs(sum - 1) < 1e-9 ? arms : arms.map((arm) => ({ ...arm, share: arm.share / sum }));
};

const launch = ({ data }: LaunchCampaign, state: Planned): readonly CampaignEvent[] => {
  checkLaunchFitsPlan(data, state.plan);
  const launched = data.customers ? { ...data, customers: [...new Set(data.customers)] } : data;
  if (state.launch) {
    const same = sameLaunch(state.launch, launched);
    const again = state.failure && !state.ended && (same || !state.selected);
    if (again) return [{ type: 'CampaignLaunched', data: launched }];
    if (same) return [];
    throw conflict('campaign-launched', `Campaign ${data.campaignId} was launched for other customers.`);
  }
  demandNotEnded(state);
  return [{ type: 'CampaignLaunched', data: launched }];
};

/** Whoever repeats a launch may get a later position filled in: the first one stands. */
const sameLaunch = (a: CampaignLaunchedData, b: CampaignLaunchedData): boolean =>
  sameFact({ ...a, segment: a.segment?.sql }, { ...b, segment: b.segment?.sql });

const selectAudience = ({ data }: SelectAudience, state: Planned): readonly CampaignEvent[] => {
  demandLaunched(state);
  demandImported(state, false);
  if (state.selected) {
    if (sameAudience(state.selected, data)) return [];
    throw conflict('audience-selected', 'Another audience was selected.');
  }
  demandNotEnded(state);
  return [{ type: 'AudienceSelected', data }];
};

const failLaunch = ({ data }: FailLaunch, state: Planned): readonly CampaignEvent[] => {
  demandLaunched(state);
  demandImported(state, false);
  return state.failure || state.frozen || state.ended ? [] : [{ type: 'CampaignLaunchFailed', data }];
};

const freezeAudience = (
  { type, data }: FreezeAudience | FreezeSelectedAudience,
  state: Planned,
): readonly CampaignEvent[] => {
  demandLaunched(state);
  demandImported(state, type === 'FreezeAudience');
  if (state.frozen) {
    if (sameAudience(state.frozen, data)) return [];
    throw conflict('audience-frozen', 'The audience was frozen with other members.');
  }
  demandNotEnded(state);
  if (type === 'FreezeSelectedAudience') demandAllSelected(data, state);
  return [{ type: 'AudienceFrozen', data }];
};

const end = ({ data, metadata }: EndCampaign, state: Planned): readonly CampaignEvent[] => {
  if (state.ended && sameFact(state.ended, data)) return [];
  demandNotEnded(state);
  if (state.launchedOn !== undefined && metadata.businessDate < state.launchedOn)
    throw refused('before-launch', `The campaign was launched on ${state.launchedOn}.`, [
      { path: 'occurredAt', reason: `must not be before the launch on ${state.launchedOn}` },
    ]);
  return [{ type: 'CampaignEnded', data }];
};

const recordCost = ({ data }: RecordCampaignCost, state: Planned): readonly CampaignEvent[] =>
  state.cost && sameFact(state.cost, data) ? [] : [{ type: 'CampaignCostRecorded', data }];

const demandLaunched = ({ plan, launch }: Planned): void => {
  if (plan.audience === 'none') throw refused('campaign-without-audience', 'The campaign has no audience.');
  if (!launch) throw refused('campaign-not-launched', 'The campaign was not launched yet.');
};

const demandImported = ({ plan: { imported } }: Planned, wanted: boolean): void => {
  if (imported && !wanted) throw refused('campaign-imported', 'The members of this campaign are imported.');
  if (!imported && wanted)
    throw refused('campaign-not-imported', 'The members of this campaign are not imported but selected.');
};

const demandAllSelected = (members: AudienceCount, { selected }: Planned): void => {
  if (!selected) throw refused('audience-not-selected', 'No audience was selected yet.');
  if (!sameAudience(selected, members))
    throw refused('audience-incomplete', `${members.count} of ${selected.count} members are assigned.`);
};

const demandNotEnded = ({ ended }: Planned): void => {
  if (ended) throw refused('campaign-ended', 'The campaign has ended.');
};

// ---- evolve

const evolve: typeof campaign.evolve = (state, event) => {
  switch (event.type) {
    case 'CampaignPlanned':
      return { ...state, plan: event.data };
    case 'CampaignLaunched':
      return {
        ...state,
        launch: event.data,
        launchedOn: (state.selected && state.launchedOn) ?? event.metadata.businessDate,
        failure: undefined,
      };
    case 'AudienceSelected':
      return { ...state, selected: event.data };
    case 'AudienceFrozen':
      return { ...state, frozen: event.data, failure: undefined };
    case 'CampaignLaunchFailed':
      return { ...state, failure: event.data };
    case 'CampaignEnded':
      return { ...state, ended: event.data };
    case 'CampaignCostRecorded':
      return { ...state, cost: event.data };
    default:
      event satisfies never;
      return state;
  }
};

export const campaign: Decider<CampaignState, CampaignCommand, CampaignEvent> = {
  initialState,
  decide,
  evolve,
};

/** What the commands of its members must know; undefined when there is no such campaign. */
export const campaignFacts = ({ plan, launch, frozen, ended }: CampaignState): CampaignFacts | undefined =>
  plan && {
    audience: plan.audience,
    arms: plan.arms,
    holdOut: plan.holdOut,
    salt: plan.salt,
    imported: plan.imported,
    launched: launch !== undefined,
    audienceFrozen: frozen !== undefined,
    ended: ended !== undefined,
  };
