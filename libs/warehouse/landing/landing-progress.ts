import type { Boundary, Projector } from '../boundary.js';
import type { Freshness } from './watermark.js';

/**
 * How far the events have landed, for whoever answers with them or waits for them, and the way to stop them for a
 * moment. `Landing` knows it because it lands them itself, `ObservedLanding` because the projectors tell.
 */
export interface LandingProgress extends Projector {
  /** The last landed offset of every partition, and the position up to which every event has landed; -1 for none. */
  landed(): { readonly offsets: Boundary; readonly position: number };
  /** True as soon as everything up to a position has landed; false when the time is up before. */
  waitFor(position: number, timeoutMs: number): Promise<boolean>;
  freshness(): Promise<Freshness>;
}
