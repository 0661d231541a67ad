import {
  detachFeed,
  isLive,
  markNeedsRebuild,
  projectionOfFeed,
  record,
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
 * To be said when crm.events got rows that the projections may have missed, or may have got before. Versions on standby
 * got the same: nobody may go back to them.
 */
export const markAllForRebuild = async (
  warehouse: Warehouse,
  reason: string,
  which: (version: Version) => boolean = isLive,
): Promise<void> => {
  const known = (await versions(warehouse)).filter(({ version }) => version > 0);
  const standby = known.filter(({ state }) => state === 'standby');
  if (standby.length > 0)
    await record(warehouse, ...standby.map((version) => ({ ...version, state: 'failed' as const, reason })));
  for (const { name } of known.filter(which)) await markNeedsRebuild(warehouse, name, reason);
};
