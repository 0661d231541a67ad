import type { Logger } from '#platform/logging';
import type { Pipeline } from './pipeline.js';

/** What the command API works on; whoever composes the app provides it. */
export interface CommandPorts {
  readonly pipeline: Pipeline;
  /** How far the warehouse shows what was appended. */
  readonly landing: { waitFor(position: number, timeoutMs: number): Promise<boolean> };
  readonly bodyLimit: number;
  readonly log: Logger;
}

export const COMMAND_PORTS = Symbol('CommandPorts');
