import type { TableProjection } from './projection-feed.js';
import { decide, isLive, type Version, versions } from './projection-ledger.js';
import { followLedger, replaceViews, type ViewStatements } from './projection-views.js';
import type { Warehouse } from './warehouse.js';

/**
 * The ledger decides which version runs, the views follow: whoever finds them apart, after a kill in between, makes them
 * agree with the ledger. Until they follow, readers read the version before, which is fed.
 */
export const swap = async (
  warehouse: Warehouse,
  definition: TableProjection,
  begun: Version,
  before: Version | undefined,
  prepared: ViewStatements,
): Promise<void> => {
  const { name, version, viewChecksum } = begun;
  const isWhole = prepared.size === definition.views.length;
  await decide(warehouse, name, (known) => {
    const live = demandWhole(known, begun, before);
    const demoted = live ? [{ ...live, state: standing(live) }] : [];
    const views = [...prepared.values()];
    // Without all statements the views count as changed: the next start makes them if this process is killed.
    return [{ ...begun, state: 'live', views, viewChecksum: isWhole ? viewChecksum : '' }, ...demoted];
  });
  const views = await replaceViews(warehouse, definition, version, [], prepared);
  if (!isWhole)
    await decide(warehouse, name, (known) =>
      known
        .filter((one) => one.version === version && one.viewChecksum === '')
        .map((one) => ({ ...one, views, viewChecksum })),
    );
  await followLedger(warehouse, name, version);
};

/**
 * Meanwhile the projector may have detached a feed that failed, or found that projections may have missed a batch; or
 * this process slept for so long that others dropped what it built.
 */
const demandWhole = (known: readonly Version[], begun: Version, before?: Version): Version | undefined => {
  const own = known.find(({ version }) => version === begun.version);
  if (own?.state !== 'building') throw new Error(`it was given up meanwhile: ${own?.reason}`);
  const live = known.findLast(isLive);
  if (live?.version !== before?.version) throw new Error('another version was made to run meanwhile');
  return live;
};

/**
 * After a swap that failed, or whose pause did not hold: what the ledger says is true. If it says that the new version
 * runs, its views follow; if they cannot, the version before runs again. @throws what failed, unless it runs
 */
export const demandRunning = async (
  warehouse: Warehouse,
  begun: Version,
  before: Version | undefined,
  failure: unknown,
): Promise<void> => {
  const { name, version } = begun;
  const live = (await versions(warehouse, name)).findLast(isLive);
  if (live?.version !== version) throw failure;
  try {
    for (const statement of live.views) await warehouse.command(statement);
    await followLedger(warehouse, name, version);
  } catch {
    await decide(warehouse, name, (known) => {
      const isStill = known.findLast(isLive)?.version === version;
      const old = known.filter((one) => one.version === before?.version && one.state === 'standby');
      if (!isStill || (before && old.length === 0)) return [];
      return [...old.map((one): Version => ({ ...one, state: 'live' })), begun];
    });
    throw failure;
  }
};

/** What is no longer fed cannot be rolled back to. */
export const standing = ({ state }: Version): Version['state'] =>
  state === 'needs rebuild' ? 'failed' : 'standby';
