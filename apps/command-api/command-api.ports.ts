import type { EventStore } from '#eventing/event-store';
import type { Upcasters } from '#eventing/upcaster';
import type { Sealer } from '#personal-data/sealer';
import type { Logger } from '#platform/logging';
import type { Pipeline } from './pipeline.js';
import type { CommandProcesses } from './processes/command-processes.js';
import type { CustomerReader } from './queries/customer-reader.js';

/** What the command API works on; whoever composes the app provides it. */
export interface CommandPorts {
  readonly pipeline: Pipeline;
  readonly customers: CustomerReader;
  /** Streams, and what opens the personal values in them. */
  readonly reading: {
    readonly eventStore: EventStore;
    readonly upcasters: Upcasters;
    readonly sealer: Sealer;
  };
  readonly launchStatusOf: CommandProcesses['launchStatusOf'];
  /** How far the warehouse shows what was appended. */
  readonly landing: { waitFor(position: number, timeoutMs: number): Promise<boolean> };
  readonly bodyLimit: number;
  readonly log: Logger;
}

export const COMMAND_PORTS = Symbol('CommandPorts');
