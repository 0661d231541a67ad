import type { Closing } from '#apps/service/closing';
import type { Logger } from '#platform/logging';
import { pruneClaims } from '#warehouse/landing/claim-pruning';
import type { Warehouse } from '#warehouse/warehouse';

const EVERY_MS = 60 * 60 * 1000;

/** Old claims go while events land. Whoever cannot remove them now will do so an hour later: they only take up room. */
export const pruneNowAndThen = (
  warehouse: Warehouse,
  log: Pick<Logger, 'warn'>,
  closing: Closing,
  everyMs = EVERY_MS,
): void => {
  const prune = () =>
    pruneClaims(warehouse).catch((error: unknown) =>
      log.warn({ err: error }, 'Old claims could not be removed'),
    );
  const timer = setInterval(prune, everyMs).unref();
  closing.add(() => clearInterval(timer));
};
