import type { CustomerCommand } from '#crm/customer/customer-types';
import type { CheckpointStore } from '#eventing/checkpoint';
import type { Outcome } from '#eventing/command-handler';
import type { Command } from '#eventing/decider';
import type { EventStore } from '#eventing/event-store';
import type { Upcasters } from '#eventing/upcaster';
import type { Logger } from '#platform/logging';
import type { Leadership } from '#postgres/leadership';
import type { Warehouse } from '#warehouse/warehouse';
import { type CampaignFactsOf, campaignFactsReader } from './campaign-facts.js';
import { applyErasures, completeErasure, type Eraser, erasureReaction } from './erasure.js';
import { CampaignLaunches, type LaunchStatus, launchStatusOf } from './launch/campaign-launches.js';
import { checkSegment, type SegmentReader } from './launch/segment.js';
import { isDeposition, LeaderTurns } from './leader-turns.js';
import { completeMerge, mergeReaction } from './merges.js';
import { ProcessRunner, type RunnerStatus } from './process-runner.js';
import { commandSender, type Send } from './send.js';

export interface CommandProcessesOptions {
  readonly store: EventStore;
  readonly upcasters: Upcasters;
  /** The one that the command side seals with, so that its cache forgets too. */
  readonly vault: Eraser;
  readonly checkpoints: CheckpointStore;
  readonly warehouse: Warehouse;
  /** With limits fit for a whole audience. */
  readonly segments: SegmentReader;
  /** True as soon as the warehouse has every event up to a position; false when the time is up before. */
  readonly landed: (position: number, timeoutMs: number) => Promise<boolean>;
  readonly log: Logger;
  /**
   * Where several processes share a vault, one works in the background at a time, and each erases first what the vault
   * may have forgotten. Without it this one works.
   */
  readonly leadership?: Leadership;
}

/** Of the checkpoint. */
export const COMMAND_PROCESSES = 'command-processes';

/** What the command side does by itself, and what it does while a caller waits. */
export interface CommandProcesses {
  /**
   * To be called after a command was sent, before it is answered: takes a merge, its undoing, or an erasure to its
   * end and returns how that ended; other commands are answered as they were.
   * @throws PerennialError when the other customer could not be merged
   */
  readonly complete: (command: Command, outcome: Outcome) => Promise<Outcome>;
  readonly campaignFactsOf: CampaignFactsOf;
  /** @throws PerennialError `segment-invalid`, with the reason: to be asked before a campaign is launched */
  readonly checkSegment: (sql: string) => Promise<void>;
  /** Undefined for a campaign that was not launched, has no audience, or imports its members. */
  readonly launchStatusOf: (campaignId: string) => Promise<LaunchStatus | undefined>;
  /** The launches under way in this process. */
  readonly launches: () => readonly LaunchStatus[];
  readonly status: () => Promise<RunnerStatus>;
  /** Ends when stopped; fails with an unknown error, upon which the process must end and start again. */
  readonly done: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Goes on where the checkpoint says. To be started when the warehouse is migrated and being landed in. */
export const startCommandProcesses = async (options: CommandProcessesOptions): Promise<CommandProcesses> => {
  const { store, upcasters, vault, segments } = options;
  const send = commandSender(store, upcasters);
  const tools = { store, upcasters, send };
  const { current, standbyStatus, done, stop } = await backgroundWork(options, send);
  return {
    complete: async (command, outcome) => {
      const asked = command as CustomerCommand;
      if (asked.type === 'MergeCustomer' || asked.type === 'UndoCustomerMerge')
        return completeMerge(tools, asked, outcome);
      if (asked.type === 'EraseCustomer') await completeErasure(tools, vault, asked.data.customerId);
      return outcome;
    },
    campaignFactsOf: campaignFactsReader(store, upcasters),
    checkSegment: (sql) => checkSegment(segments, sql),
    launchStatusOf: (campaignId) => launchStatusOf(tools, campaignId, current()?.launches),
    launches: () => current()?.launches.status() ?? [],
    status: () => current()?.runner.status() ?? standbyStatus(),
    done,
    stop,
  };
};

interface BackgroundWork {
  readonly launches: CampaignLaunches;
  readonly runner: ProcessRunner;
}

/** What goes on in this process: always, or when it is its turn. */
const backgroundWork = async (options: CommandProcessesOptions, send: Send) => {
  const { store, upcasters, vault, checkpoints, leadership, log } = options;
  const begin = async (isHarmless?: (error: unknown) => boolean): Promise<BackgroundWork> => {
    const launches = new CampaignLaunches({ ...options, send, failed: (error) => runner.fail(error) });
    const runner = await ProcessRunner.start({
      ...options,
      name: COMMAND_PROCESSES,
      reactions: [mergeReaction(send), erasureReaction({ store, upcasters, send }, vault), launches],
      isHarmless,
    });
    return { launches, runner };
  };
  const standbyStatus = async (): Promise<RunnerStatus> => {
    const checkpoint = await checkpoints.load(COMMAND_PROCESSES);
    const lag = Math.max(0, (await store.head()) - checkpoint);
    return { state: 'standby', position: checkpoint, checkpoint, lag };
  };
  if (leadership) {
    await applyErasures({ store, upcasters }, vault, await checkpoints.load(COMMAND_PROCESSES));
    const turns = new LeaderTurns(leadership, () => begin(isDeposition), log);
    return { current: () => turns.current, standbyStatus, done: turns.done, stop: () => turns.stop() };
  }
  const work = await begin();
  return { current: () => work, standbyStatus, done: work.runner.done, stop: () => work.runner.stop() };
};
