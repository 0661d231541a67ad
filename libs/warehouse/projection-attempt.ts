import { randomUUID } from 'node:crypto';
import { conflict, type PerennialError } from '#eventing/errors';
import type { Projector } from './boundary.js';
import { dropVersion } from './projection-build.js';
import { begin, isLive, record, type Version, versions } from './projection-ledger.js';
import { dropViewsOn, restoreViews } from './projection-views.js';
import type { Warehouse } from './warehouse.js';

const LEASE_MS = 30_000;

/** The engine repeats the whole statement; what is wrong with it stands before that. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/:? In scope [\s\S]*/, '');

export const rebuilding = (name: string): PerennialError =>
  conflict('projection-rebuilding', `${name} is being rebuilt already.`);

/**
 * Does the work of building a version, as the only one who does, and says so again and again meanwhile. When it fails
 * nothing is left of the version; when this process is killed, or the warehouse is away, that is left to `settle`.
 * @throws PerennialError projection-rebuilding, when somebody else builds that version
 */
export const attempt = async <Result>(
  warehouse: Warehouse,
  begun: Version,
  projector: Projector,
  work: () => Promise<Result>,
  leaseMs = LEASE_MS,
): Promise<Result> => {
  // What the work runs may take longer than the lease.
  const connection = await warehouse.connect();
  try {
    const prolong = await begin(connection, begun, { id: randomUUID(), leaseMs });
    if (!prolong) throw rebuilding(begun.name);
    let prolonging: Promise<void> = Promise.resolve();
    // Who cannot say so in time loses the version to others, and comes to know that before the swap.
    const timer = setInterval(() => {
      prolonging = prolong().catch(() => {});
    }, leaseMs / 3).unref();
    try {
      return await work();
    } catch (error) {
      // What failed first is what is told.
      await giveUp(warehouse, begun, projector, reasonOf(error)).catch(() => {});
      throw error;
    } finally {
      clearInterval(timer);
      await prolonging;
    }
  } finally {
    await connection.close();
  }
};

const giveUp = async (
  warehouse: Warehouse,
  begun: Version,
  projector: Projector,
  reason: string,
): Promise<void> => {
  const known = await versions(warehouse, begun.name);
  // Its last word may have arrived although nobody heard of it.
  if (known.some((version) => version.version === begun.version && isLive(version))) return;
  await dropUnfinished(warehouse, known, { ...begun, reason }, projector);
};

/** First of all nobody may read it any longer. */
const dropUnfinished = async (
  warehouse: Warehouse,
  known: readonly Version[],
  version: Version,
  projector: Projector,
): Promise<void> => {
  const live = known.findLast(isLive);
  if (live) await restoreViews(warehouse, live, projector);
  await dropViewsOn(warehouse, version.name, version.version);
  await dropVersion(warehouse, version.name, version.version);
  await record(warehouse, { ...version, state: 'failed' });
};

/**
 * Ends what killed processes left undone: versions that nobody builds any longer are dropped, and the public views read
 * the version that the ledger calls live. Where somebody is building nothing is done.
 * @param alone nobody else works in this warehouse, so whoever was building is gone
 */
export const settle = async (
  warehouse: Warehouse,
  name: string,
  projector: Projector,
  { alone = false }: { readonly alone?: boolean } = {},
): Promise<Version[]> => {
  const known = await versions(warehouse, name);
  const building = known.filter(({ state }) => state === 'building');
  if (!alone && building.some(({ abandoned }) => !abandoned)) return known;
  const live = known.findLast(isLive);
  if (live) await restoreViews(warehouse, live, projector);
  for (const version of building)
    await dropUnfinished(warehouse, known, { ...version, reason: 'the build was interrupted' }, projector);
  return building.length > 0 ? versions(warehouse, name) : known;
};

/** The same, before something that must not happen while somebody builds. @throws PerennialError projection-rebuilding */
export const settled = async (
  warehouse: Warehouse,
  name: string,
  projector: Projector,
): Promise<Version[]> => {
  const known = await settle(warehouse, name, projector);
  if (known.some(({ state }) => state === 'building')) throw rebuilding(name);
  return known;
};
