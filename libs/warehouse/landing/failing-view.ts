import {
  detachFeed,
  isFed,
  isLive,
  markNeedsRebuild,
  projectionOfFeed,
  type Version,
  versions,
} from '../projection-ledger.js';
import type { Warehouse } from '../warehouse.js';

/** Takes a view that fails away from crm.events; if it feeds a projection, that one needs a rebuild from now on. */
export const detachView = async (warehouse: Warehouse, view: string, reason: string): Promise<void> => {
  if (projectionOfFeed(view)) await detachFeed(warehouse, view, reason);
  // Not ours: whoever made it can attach it again.
  else await warehouse.command(`DETACH TABLE IF EXISTS ${view} PERMANENTLY SYNC`);
};

/**
 * To be said when crm.events got rows that the projections may have missed, or may have got before. What stands by, or is
 * being built, got or missed the same: nobody may go back to the one, and the other never comes to run.
 * @param which of the live ones are meant
 */
export const markAllForRebuild = async (
  warehouse: Warehouse,
  reason: string,
  which: (version: Version) => boolean = isLive,
): Promise<void> => {
  const doubtful = (await versions(warehouse)).filter(
    (version) => version.version > 0 && isFed(version) && (!isLive(version) || which(version)),
  );
  for (const name of new Set(doubtful.map((version) => version.name)))
    await markNeedsRebuild(warehouse, name, reason);
};
