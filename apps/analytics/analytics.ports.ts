import type { EventPlaces } from '#event-stream/event-places';
import type { EventStore } from '#eventing/event-store';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import type { LandingProgress } from '#warehouse/landing/landing-progress';
import type { ProjectionSources } from '#warehouse/projection-status';
import type { ReadOnlyWarehouse } from '#warehouse/read-only';
import type { Warehouse } from '#warehouse/warehouse';
import type { ModelRunPorts } from './model-run.js';

/** What analytics works on; whoever composes the app provides it. */
export interface AnalyticsPorts {
  readonly warehouse: Warehouse;
  readonly readOnly: ReadOnlyWarehouse;
  readonly landing: LandingProgress;
  readonly eventStore: EventStore;
  readonly places: EventPlaces;
  /** The files as they are now: a rebuild takes what was edited since the start. */
  projections(): ProjectionSources;
  readonly modelRuns: ModelRunPorts;
  readonly configuration: Configuration;
  readonly log: Logger;
}

export const ANALYTICS_PORTS = Symbol('AnalyticsPorts');
