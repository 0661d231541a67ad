import type { LandingProgress } from '#warehouse/landing/landing-progress';

/** How far the warehouse was when a report was made. */
export interface ReportFreshness {
  /** Every event up to this position is in the report. */
  readonly position: number;
  /** Events that had not landed yet. */
  readonly lagEvents: number;
  /** Age of the oldest of them. */
  readonly lagSeconds: number;
}

export const freshnessOf = async (landing: LandingProgress): Promise<ReportFreshness> => {
  const { position } = landing.landed();
  const { events, seconds } = await landing.freshness();
  return { position, lagEvents: events, lagSeconds: seconds };
};
