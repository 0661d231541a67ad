import { notFound, PerennialError } from '#eventing/errors';
import { type Boundary, isEmpty, noProjector, type Projector, whilePaused } from './boundary.js';
import { attempt, discard, reasonOf, settle, settled } from './projection-attempt.js';
import { type BuildOptions, backfill, createVersion, type Parity, parity } from './projection-build.js';
import { type Difference, differences } from './projection-difference.js';
import { attachFeed, hasTable, prepareFeed, type TableProjection } from './projection-feed.js';
import { type ProjectionDefinition, viewChecksum } from './projection-file.js';
import { decide, isLive, type Version } from './projection-ledger.js';
import { checkProjection } from './projection-lint.js';
import {
  checksumWith,
  type ProjectionSources,
  type ProjectionStatus,
  projectionStatus,
  readByFunctions,
  withWhatTheyRead,
} from './projection-status.js';
import { demandRunning, standing, swap } from './projection-swap.js';
import { followLedger, prepareViews, replaceViews, updateComments } from './projection-views.js';
import { createUpcasterTwins, type UpcasterTwin } from './upcaster-twins.js';
import type { Warehouse } from './warehouse.js';

export interface Rebuilt {
  readonly name: string;
  readonly version: number;
  readonly parity: Parity;
  /** Against the version that ran before; undefined when there was none. */
  readonly difference: Difference | undefined;
  readonly removed: readonly number[];
}

/** A rebuild that did not come to its end; the version that ran before goes on untouched. */
export class RebuildFailed extends PerennialError {
  constructor(name: string, reason: string, options?: { cause: unknown }) {
    super('refused', 'projection-rebuild-failed', `${name} was not rebuilt: ${reason}`);
    this.cause = options?.cause;
  }
}

export interface StartOptions extends BuildOptions {
  /** Whoever lands events meanwhile; default: nobody does. */
  readonly projector?: Projector;
}

/**
 * Makes the warehouse agree with the projections' files, as far as that is harmless: what is new is built (nothing
 * reads it yet), changed views are replaced, interrupted builds are dropped. A change that gives other rows waits
 * for `rebuildProjection`, and so does one that fails: it is named in the answer, the others are made.
 */
export const startProjections = async (
  warehouse: Warehouse,
  sources: ProjectionSources,
  options: StartOptions = {},
): Promise<ProjectionStatus[]> => {
  const failures = new Map<string, string>();
  await createUpcasterTwins(warehouse, sources.twins);
  const { definitions } = sources;
  for (const definition of withWhatTheyRead(definitions, definitions, await readByFunctions(warehouse))) {
    try {
      await startOne(warehouse, definition, sources.twins, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.set(definition.name, reasonOf(error));
    }
  }
  const all = await projectionStatus(warehouse, sources);
  return all.map((status) => {
    const reason = failures.get(status.name);
    return reason ? { ...status, state: 'failed', reason } : status;
  });
};

const startOne = async (
  warehouse: Warehouse,
  definition: ProjectionDefinition,
  twins: readonly UpcasterTwin[],
  options: StartOptions,
): Promise<void> => {
  // Where others may still insert, others may also build.
  const { projector = noProjector(warehouse) } = options;
  const alone = projector.mayRepeat !== true;
  const known = await settle(warehouse, definition.name, projector, { alone });
  if (known.some(({ state }) => state === 'building')) return;
  checkProjection(definition);
  const live = known.findLast(isLive);
  if (!live && hasTable(definition)) {
    await build(warehouse, definition, twins, nextVersion(known), projector, options);
    return;
  }
  const unchanged = live?.viewChecksum === viewChecksum(definition);
  if (unchanged || (live && live.tableChecksum !== checksumWith(definition, twins))) return;
  if (live && hasTable(definition)) await updateComments(warehouse, definition, live.version);
  const views = await replaceViews(warehouse, definition, live?.version ?? 0, live?.views);
  const recorded = await decide(warehouse, definition.name, (now) => {
    const still = now.findLast(isLive);
    if (still?.version !== live?.version || still?.viewChecksum !== live?.viewChecksum) return [];
    const { state = 'live', reason = '' } = still ?? {};
    return [{ ...entry(definition, twins, live?.version ?? 0), state, reason, views }];
  });
  if (recorded.length > 0) return;
  // Somebody else made them meanwhile: they are put back as the ledger says before they are looked at again.
  await followLedger(warehouse, definition.name, -1);
  await startOne(warehouse, definition, twins, options);
};

const nextVersion = (known: readonly Version[]): number =>
  Math.max(0, ...known.map(({ version }) => version)) + 1;

const entry = (
  definition: ProjectionDefinition,
  twins: readonly UpcasterTwin[],
  version: number,
): Version => ({
  name: definition.name,
  version,
  state: 'building',
  reason: '',
  tableChecksum: checksumWith(definition, twins),
  viewChecksum: viewChecksum(definition),
  views: [],
});

/** Builds a first version; there is nothing to compare it with, and nobody to disturb. */
const build = async (
  warehouse: Warehouse,
  definition: TableProjection,
  twins: readonly UpcasterTwin[],
  version: number,
  projector: Projector,
  options: BuildOptions,
): Promise<void> => {
  const begun = entry(definition, twins, version);
  const work = async () => {
    const boundary = await createBeside(warehouse, definition, version, twins, projector);
    if (!isEmpty(boundary)) await backfill(warehouse, definition, version, twins, boundary, options);
    const prepared = await prepareViews(warehouse, definition, version);
    await swap(warehouse, definition, begun, undefined, prepared);
  };
  await attempt(warehouse, begun, projector, work, options.leaseMs);
};

const createBeside = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
  twins: readonly UpcasterTwin[],
  projector: Projector,
): Promise<Boundary> => {
  await createVersion(warehouse, definition, version);
  await prepareFeed(warehouse, definition, version, twins);
  return whilePaused(projector, async (boundary) => {
    await attachFeed(warehouse, definition, version, twins, boundary);
    return boundary;
  });
};

/**
 * Builds a new version beside the running one from all events, compares it with them, and lets the public views
 * read it from one moment to the next. The version before stays fed, for `rollbackProjection`; older ones go.
 * Every feed takes a batch in its own time, so the views are replaced between two batches: what was seen stays seen.
 * @throws RebuildFailed when it cannot be built or does not agree with the events, ProjectionInvalid
 */
export const rebuildProjection = async (
  warehouse: Warehouse,
  { definitions, twins }: ProjectionSources,
  name: string,
  projector: Projector,
  options: BuildOptions = {},
): Promise<Rebuilt> => {
  const definition = definitions.find((candidate) => candidate.name === name);
  if (!definition) throw notFound('no-such-projection', `There is no projection ${name}.`);
  if (!hasTable(definition))
    throw new RebuildFailed(name, 'it is only views, which follow their file at every start');
  checkProjection(definition);
  // On a connection of its own: a backfill takes its time, and nobody else is to wait for it.
  const connection = await warehouse.connect();
  try {
    return await rebuildOn(connection, definition, twins, projector, options);
  } finally {
    await connection.close();
  }
};

const rebuildOn = async (
  warehouse: Warehouse,
  definition: TableProjection,
  twins: readonly UpcasterTwin[],
  projector: Projector,
  options: BuildOptions,
): Promise<Rebuilt> => {
  const { name } = definition;
  const known = await settled(warehouse, name, projector);
  const before = known.findLast(isLive);
  const begun = entry(definition, twins, nextVersion(known));
  const { version } = begun;
  const { signal, leaseMs, onProgress } = options;
  const work = async () => {
    const boundary = await createBeside(warehouse, definition, version, twins, projector);
    await backfill(warehouse, definition, version, twins, boundary, options);
    onProgress?.({ name, phase: 'parity', done: 0, of: 1 });
    const agreed = await parity(warehouse, definition, version, twins, projector);
    if (!agreed.equal)
      throw new Error(`${agreed.rows} rows were built, the events give ${agreed.expectedRows}`);
    const difference = before && (await differences(warehouse, name, before.version, version));
    const prepared = await prepareViews(warehouse, definition, version);
    signal?.throwIfAborted();
    try {
      await whilePaused(projector, () => swap(warehouse, definition, begun, before, prepared));
    } catch (error) {
      await demandRunning(warehouse, begun, before, error);
    }
    onProgress?.({ name, phase: 'parity', done: 1, of: 1 });
    return { name, version, parity: agreed, difference };
  };
  const failed = (error: unknown): never => {
    throw new RebuildFailed(name, reasonOf(error), { cause: error });
  };
  const built = await attempt(warehouse, begun, projector, () => work().catch(failed), leaseMs);
  return { ...built, removed: await removeBut(warehouse, name, { live: version, keep: before?.version }) };
};

/**
 * Lets the public views read the version before again, between two batches, as a rebuild does; both stay fed, so that
 * this can be done to and fro.
 */
export const rollbackProjection = async (
  warehouse: Warehouse,
  name: string,
  projector: Projector,
): Promise<{ from: number; to: number }> => {
  demandStandby(name, await settled(warehouse, name, projector));
  let done: readonly Version[] = [];
  const work = async () => {
    done = await decide(warehouse, name, (known) => {
      const { live, before } = demandStandby(name, known);
      const reason = `rolled back from version ${live.version}`;
      return [
        { ...before, state: 'live', reason },
        { ...live, state: standing(live) },
      ];
    });
    for (const statement of done[0]?.views ?? []) await warehouse.command(statement);
    await followLedger(warehouse, name, done[0]?.version);
  };
  const failed = async (error: unknown) => {
    const [to, from] = done;
    if (!to) throw error;
    await demandRunning(warehouse, { ...to, state: 'standby' }, from, error);
  };
  await whilePaused(projector, work).catch(failed);
  const [to, from] = done as [Version, Version];
  return { from: from.version, to: to.version };
};

const demandStandby = (name: string, known: readonly Version[]): { live: Version; before: Version } => {
  const live = known.findLast(isLive);
  const before = known.findLast(({ state }) => state === 'standby');
  if (!live || !before) throw notFound('no-version-to-roll-back-to', `${name} has no version on standby.`);
  return { live, before };
};

/** Removes the versions that are not live. @throws PerennialError projection-rebuilding */
export const removeOldVersions = async (
  warehouse: Warehouse,
  name: string,
  projector: Projector,
): Promise<number[]> => {
  await settled(warehouse, name, projector);
  return removeBut(warehouse, name, {});
};

/** But for one on standby that is to be kept; nothing when another version than `live` was made to run meanwhile. */
const removeBut = async (
  warehouse: Warehouse,
  name: string,
  { live, keep }: { readonly live?: number; readonly keep?: number | undefined },
): Promise<number[]> => {
  // Nobody may go back to one that is half gone.
  const old = await decide(warehouse, name, (known) =>
    live !== undefined && known.findLast(isLive)?.version !== live
      ? []
      : known
          .filter(
            ({ version, state }) =>
              version > 0 && (state === 'failed' || (state === 'standby' && version !== keep)),
          )
          .map((version) => ({ ...version, state: 'failed', reason: 'it is being removed' })),
  );
  for (const { version } of old) {
    await discard(warehouse, name, version);
    await decide(warehouse, name, (known) =>
      known.filter((one) => one.version === version).map((one) => ({ ...one, state: 'removed' })),
    );
  }
  return old.map(({ version }) => version);
};
