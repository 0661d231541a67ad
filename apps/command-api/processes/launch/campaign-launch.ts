import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import { type CampaignState, campaign, campaignFacts } from '#crm/campaign/campaign';
import type { CampaignEvent, CampaignLaunchFailedData } from '#crm/campaign/campaign-types';
import { launchPolicy, sameAudience } from '#crm/campaign/launch-policy';
import type { AssignSelectedMember } from '#crm/campaign-member/campaign-member-types';
import { followUpCommand } from '#crm/policy';
import type { Command, Stored } from '#eventing/decider';
import { PerennialError } from '#eventing/errors';
import type { DomainEvent, RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { streamName } from '#eventing/stream-name';
import type { Upcasters } from '#eventing/upcaster';
import type { Send } from '../send.js';
import type { Audiences, Snapshot } from './audience.js';
import { customersOf, type SegmentReader } from './segment.js';
import { sideBySide } from './side-by-side.js';

export interface LaunchTools {
  readonly store: EventStore;
  readonly upcasters: Upcasters;
  readonly send: Send;
  readonly segments: SegmentReader;
  /** True as soon as the warehouse has every event up to a position; false when the time is up before. */
  readonly landed: (position: number, timeoutMs: number) => Promise<boolean>;
}

export type LaunchPhase = 'waiting-for-warehouse' | 'finding-audience' | 'assigning';

/** The process is to stop; the launch goes on after the next start. */
export class LaunchInterrupted extends Error {
  override readonly name = 'LaunchInterrupted';
}

interface Launched {
  readonly state: CampaignState;
  /** Whose day is the day of the members' assignment: the last launch before customers were selected. */
  readonly launch: RecordedEvent;
  readonly latest: RecordedEvent;
}

const POLICY = 'campaign-launch';
/** So many members are assigned at a time, because a commit costs the same for one and for hundreds. */
const WIDTH = 512;
const LOOK_UP_MS = 1_000;
/** Somebody was faster, or the campaign ended meanwhile: its state says what to do. */
const OVERTAKEN = new Set(['campaign-ended', 'audience-frozen', 'audience-selected']);

/**
 * One launch, from the event CampaignLaunched to the frozen audience, doing what `launchPolicy` says. Nothing of its
 * progress is kept but events and the snapshot of the audience: after an interruption it walks through the audience
 * again, and who is a member already stays one.
 */
export class CampaignLaunch {
  phase: LaunchPhase = 'waiting-for-warehouse';
  assigned = AudienceChecksum.empty();
  private snapshot: Snapshot | undefined;

  constructor(
    readonly campaignId: string,
    private readonly tools: LaunchTools,
    private readonly audiences: Audiences,
    private readonly signal: AbortSignal,
  ) {}

  /** How many members there will be, once that is known. */
  get count(): number | undefined {
    return this.snapshot?.count;
  }

  /** @throws LaunchInterrupted, and what may pass */
  async run(): Promise<void> {
    for (;;) {
      this.demandGoingOn();
      const launched = await this.load();
      if (!launched) return;
      const { state } = launched;
      if (this.snapshot && state.selected && !sameAudience(this.snapshot, state.selected))
        this.snapshot = (await this.audiences.find(this.campaignId, state.selected)) ?? this.snapshot;
      const step = launchPolicy(state, { found: this.snapshot, assigned: this.assigned });
      if (step.do === 'nothing') {
        if (state.frozen) await this.audiences.keepOnly(this.campaignId, state.frozen);
        return;
      }
      try {
        if (step.do === 'find-audience') await this.findAudience(launched);
        else if (step.do === 'assign-members') await this.assign(launched);
        else if (step.do === 'send') await this.tools.send(this.followUp(launched.launch, step.command));
        else if (step.do === 'stop') await this.fail(launched, step);
        else step satisfies never;
      } catch (error) {
        // A query that was killed because the process is to stop says nothing about the segment.
        this.demandGoingOn();
        if (!isNo(error)) throw error;
        if (!OVERTAKEN.has(error.code)) await this.fail(launched, error);
      }
    }
  }

  private async findAudience({ state, launch }: Launched): Promise<void> {
    this.phase = 'waiting-for-warehouse';
    while (!(await this.tools.landed(launch.position, LOOK_UP_MS))) this.demandGoingOn();
    this.phase = 'finding-audience';
    const known = state.selected && (await this.audiences.find(this.campaignId, state.selected));
    this.snapshot = known ?? (await this.unlessStopped(this.take(state, launch)));
  }

  private take({ plan, launch: launchedFor }: CampaignState, launch: RecordedEvent): Promise<Snapshot> {
    const { segment, customers = [] } = launchedFor ?? {};
    return this.audiences.take({
      campaignId: this.campaignId,
      named: segment ? customersOf(this.tools.segments, segment.sql) : onePage(customers),
      knownAt: launch.position,
      channel: plan?.channel ?? '',
      winBack: plan?.phase === 'win-back',
    });
  }

  /** Goes through the whole audience. */
  private async assign(launched: Launched): Promise<void> {
    const { attempt, count, checksum } = this.snapshot as Snapshot;
    this.phase = 'assigning';
    this.assigned = AudienceChecksum.empty();
    for await (const page of this.audiences.members(this.campaignId, attempt)) {
      this.demandGoingOn();
      const now = await this.load();
      if (!now || now.state.frozen || now.state.ended) return;
      await this.assignPage(page, launched.launch, now.state);
    }
    this.demandGoingOn();
    if (!sameAudience(this.assigned, { count, checksum }))
      await this.fail(launched, {
        code: 'members-differ',
        message: 'The snapshot of the audience has changed.',
      });
  }

  private assignPage(page: readonly string[], launch: RecordedEvent, state: CampaignState): Promise<void> {
    const { campaignId, tools, assigned } = this;
    const facts = campaignFacts(state);
    return sideBySide(page, WIDTH, this.signal, async (customerId) => {
      await tools.send(
        followUpCommand<AssignSelectedMember>(POLICY, launch, customerId, {
          type: 'AssignSelectedMember',
          data: { campaignId, customerId, campaign: facts },
        }),
      );
      assigned.add(customerId);
    });
  }

  private async fail({ latest }: Launched, { code, message }: Failure): Promise<void> {
    const { campaignId } = this;
    const data: CampaignLaunchFailedData = { campaignId, code, message: message.slice(0, 1_000) };
    await this.tools.send(this.followUp(latest, { type: 'FailLaunch', data }));
  }

  /** Of the campaign, on the day of its launch. */
  private followUp(cause: RecordedEvent, command: Omit<Command, 'metadata'>): Command {
    const { metadata, ...rest } = followUpCommand<Command>(POLICY, cause, '', command);
    return { ...rest, metadata: { ...metadata, customerId: null } };
  }

  private async load(): Promise<Launched | undefined> {
    const { store, upcasters } = this.tools;
    let state = campaign.initialState;
    let launch: RecordedEvent | undefined;
    let latest: RecordedEvent | undefined;
    for await (const stored of store.readStream(streamName('campaign', this.campaignId))) {
      const event = upcasters.upcast(stored);
      if (event.type === 'CampaignLaunched') {
        latest = event;
        if (!state.selected) launch = event;
      }
      state = campaign.evolve(state, event as DomainEvent as Stored<CampaignEvent>);
    }
    return launch && latest && { state, launch, latest };
  }

  /** A segment may take minutes; whoever stops the process does not wait for it. */
  private unlessStopped<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const interrupt = (): void => reject(new LaunchInterrupted());
      this.signal.addEventListener('abort', interrupt);
      work.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', interrupt));
    });
  }

  private demandGoingOn(): void {
    if (this.signal.aborted) throw new LaunchInterrupted();
  }
}

type Failure = Pick<PerennialError, 'code' | 'message'>;

const isNo = (error: unknown): error is PerennialError =>
  error instanceof PerennialError && error.kind !== 'unavailable' && error.kind !== 'precondition-failed';

async function* onePage(customers: readonly string[]): AsyncGenerator<readonly string[]> {
  if (customers.length > 0) yield customers;
}
