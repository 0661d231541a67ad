import { randomUUID } from 'node:crypto';
import { conflict, type PerennialError } from '#eventing/errors';
import type { Projector } from './boundary.js';
import { dropVersion } from './projection-build.js';
import { begin, decide, type Version, versions } from './projection-ledger.js';
import { dropViewsOn, followLedger, restoreViews } from './projection-views.js';
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
      await dropUnfinished(warehouse, { ...begun, reason: reasonOf(error) }, projector).catch(() => {});
      throw error;
    } finally {
      clearInterval(timer);
      await prolonging;
    }
  } finally {
    await connection.close();
  }
};

/**
 * Whoever says first that a version is over, or that it runs, is right: its builder and those who take him for dead ask
 * the same ledger. Only what the ledger has given up is dropped, and by its builder even when others did so before,
 * because he may have made something since.
 */
const dropUnfinished = async (
  warehouse: Warehouse,
  { name, version, reason }: Pick<Version, 'name' | 'version' | 'reason'>,
  projector: Projector,
  isOver: (version: Version) => boolean = () => true,
): Promise<void> => {
  await decide(warehouse, name, (known) =>
    known
      .filter((one) => one.version === version && one.state === 'building' && isOver(one))
      .map((one) => ({ ...one, state: 'failed', reason })),
  );
  const known = await versions(warehouse, name);
  const own = known.find((one) => one.version === version);
  if (own?.state !== 'failed' && own?.state !== 'removed') return;
  await restoreViews(warehouse, name, projector);
  await discard(warehouse, name, version);
};

/** Removes what a version that nobody may read any longer has left. */
export const discard = async (warehouse: Warehouse, name: string, version: number): Promise<void> => {
  await dropViewsOn(warehouse, name, version);
  await dropVersion(warehouse, name, version);
  // Whoever slept before he dropped a view may have dropped one that was made since.
  await followLedger(warehouse, name);
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
  const isOver = ({ abandoned }: Version) => alone || abandoned === true;
  if (!building.every(isOver)) return known;
  await restoreViews(warehouse, name, projector);
  for (const { version } of building)
    await dropUnfinished(
      warehouse,
      { name, version, reason: 'the build was interrupted' },
      projector,
      isOver,
    );
  return versions(warehouse, name);
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
