import { type CampaignState, campaign } from '#crm/campaign/campaign';
import { loadState } from '#eventing/command-handler';
import type { RecordedEvent } from '#eventing/event';
import { streamName } from '#eventing/stream-name';
import type { Logger } from '#platform/logging';
import type { Warehouse } from '#warehouse/warehouse';
import { BackOff, mayPass } from '../back-off.js';
import type { Reaction } from '../process-runner.js';
import { Audiences } from './audience.js';
import { CampaignLaunch, LaunchInterrupted, type LaunchPhase, type LaunchTools } from './campaign-launch.js';

export interface LaunchStatus {
  readonly campaignId: string;
  /**
   * `queued`: others are launched first, or the event has not been seen yet.
   * `elsewhere`: another process is at it, or will be, and knows more.
   */
  readonly phase: 'queued' | 'elsewhere' | LaunchPhase | 'frozen' | 'failed' | 'ended';
  /** So many are members; counted anew, and fast, after an interruption. Left out when it is `elsewhere`. */
  readonly assigned?: number;
  /** So many will be; left out until the audience is found. */
  readonly count?: number;
  /** Why it failed, or what it waits for while it tries again. */
  readonly problem?: { readonly code: string; readonly message: string };
}

export interface CampaignLaunchesOptions extends LaunchTools {
  readonly warehouse: Warehouse;
  readonly log: Logger;
  /** Hears of an unknown error, which must end the process. */
  readonly failed: (error: unknown) => void;
}

interface Open {
  /** Of the event that began it. */
  readonly position: number;
  launch?: CampaignLaunch;
  problem?: LaunchStatus['problem'];
  /** Launched again while it was just about to end. */
  again: boolean;
}

const MOST_AT_ONCE = 2;

/** Takes launches to their end in the background, a few at a time, also those that a restart has interrupted. */
export class CampaignLaunches implements Reaction {
  readonly on = ['CampaignLaunched'];
  private readonly open = new Map<string, Open>();
  private readonly queue: string[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: CampaignLaunchesOptions) {}

  async react({ data, position }: RecordedEvent): Promise<void> {
    const { campaignId } = data as { campaignId: string };
    const open = this.open.get(campaignId);
    if (open) {
      open.again = true;
      return;
    }
    this.open.set(campaignId, { position, again: false });
    this.queue.push(campaignId);
    this.startNext();
  }

  pendingFrom(): number | undefined {
    const positions = [...this.open.values()].map(({ position }) => position);
    return positions.length > 0 ? Math.min(...positions) : undefined;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running);
  }

  /** Those that have not come to an end. */
  status(): LaunchStatus[] {
    return [...this.open].map(([campaignId, { launch, problem }]) => ({
      campaignId,
      phase: launch?.phase ?? 'queued',
      assigned: launch?.assigned.count ?? 0,
      ...(launch?.count !== undefined && { count: launch.count }),
      ...(problem && { problem }),
    }));
  }

  private startNext(): void {
    if (this.stopping.signal.aborted || this.running.size >= MOST_AT_ONCE) return;
    const campaignId = this.queue.shift();
    if (campaignId === undefined) return;
    const run = this.run(campaignId).then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof LaunchInterrupted)) this.options.failed(error);
      },
    );
    this.running.add(run);
    void run.then(() => {
      this.running.delete(run);
      this.startNext();
    });
  }

  private async run(campaignId: string): Promise<void> {
    const open = this.open.get(campaignId) as Open;
    const backOff = new BackOff(this.stopping.signal);
    const connection = await this.options.warehouse.connect();
    try {
      do {
        open.again = false;
        await this.tryLaunch(campaignId, open, new Audiences(connection), backOff);
      } while (open.again);
      this.open.delete(campaignId);
    } finally {
      await connection.close();
    }
  }

  /** Until it is done, as long as what hinders it may pass. */
  private async tryLaunch(
    campaignId: string,
    open: Open,
    audiences: Audiences,
    backOff: BackOff,
  ): Promise<void> {
    for (;;) {
      try {
        open.problem = undefined;
        open.launch = new CampaignLaunch(campaignId, this.options, audiences, this.stopping.signal);
        await open.launch.run();
        return;
      } catch (error) {
        if (!mayPass(error)) throw error;
        this.options.log.warn({ err: error, campaignId }, 'A launch is interrupted and tries again');
        open.problem = { code: 'unavailable', message: (error as Error).message };
        await backOff.pause();
      }
    }
  }
}

/**
 * Undefined for a campaign that was not launched, has no audience, or imports its members.
 * @param launches of this process; undefined while it stands by
 */
export const launchStatusOf = async (
  { store, upcasters }: Pick<LaunchTools, 'store' | 'upcasters'>,
  campaignId: string,
  launches: CampaignLaunches | undefined,
): Promise<LaunchStatus | undefined> => {
  const { state } = await loadState(store, upcasters, campaign, streamName('campaign', campaignId));
  if (!state.launch || state.plan?.audience === 'none' || state.plan?.imported) return undefined;
  const ended = endedStatus(campaignId, state);
  if (ended) return ended;
  const count = state.selected?.count;
  if (!launches) return { campaignId, phase: 'elsewhere', count };
  const known = launches.status().find((open) => open.campaignId === campaignId);
  return known ?? { campaignId, phase: 'queued', assigned: 0, count };
};

const endedStatus = (
  campaignId: string,
  { selected, frozen, failure, ended }: CampaignState,
): LaunchStatus | undefined => {
  if (frozen) return { campaignId, phase: 'frozen', assigned: frozen.count, count: frozen.count };
  if (ended) return { campaignId, phase: 'ended', assigned: 0, count: selected?.count };
  if (!failure) return undefined;
  const { code, message } = failure;
  return { campaignId, phase: 'failed', assigned: 0, count: selected?.count, problem: { code, message } };
};
