import type { PartHealth } from '#apps/command-api/health/health.module';
import type { Landing } from '#warehouse/landing/landing';

/** So long the warehouse may be away before the process says that it is not ready. */
const PATIENCE_MS = 5_000;

/** Whoever cannot land events is not ready; a pause is work that somebody else does. */
export const landingHealth = (landing: Pick<Landing, 'status'>): PartHealth => {
  const { state, since, reason } = landing.status();
  const ready = state === 'waiting' ? Date.now() - since < PATIENCE_MS : state !== 'failed';
  return { ready, reason };
};
