import type { CustomerCommand } from '#crm/customer/customer-types';
import type { CheckpointStore } from '#eventing/checkpoint';
import type { Outcome } from '#eventing/command-handler';
import type { Command } from '#eventing/decider';
import type { EventStore } from '#eventing/event-store';
import type { Upcasters } from '#eventing/upcaster';
import type { Logger } from '#platform/logging';
import type { Warehouse } from '#warehouse/warehouse';
import { type CampaignFactsOf, campaignFactsReader } from './campaign-facts.js';
import { completeErasure, type Eraser, erasureReaction } from './erasure.js';
import { CampaignLaunches, type LaunchStatus } from './launch/campaign-launches.js';
import { checkSegment, type SegmentReader } from './launch/segment.js';
import { completeMerge, mergeReaction } from './merges.js';
import { ProcessRunner, type RunnerStatus } from './process-runner.js';
import { commandSender } from './send.js';

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
}

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
  /** The launches under way. */
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
  const launches = new CampaignLaunches({ ...options, send, failed: (error) => runner.fail(error) });
  const runner = await ProcessRunner.start({
    ...options,
    name: 'command-processes',
    reactions: [mergeReaction(send), erasureReaction(tools, vault), launches],
  });
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
    launchStatusOf: (campaignId) => launches.statusOf(campaignId),
    launches: () => launches.status(),
    status: () => runner.status(),
    done: runner.done,
    stop: () => runner.stop(),
  };
};
