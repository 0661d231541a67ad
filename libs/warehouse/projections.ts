import { conflict, notFound, PerennialError } from '#eventing/errors';
import { type Boundary, isEmpty, noProjector, type Projector, whilePaused } from './boundary.js';
import {
  type BuildOptions,
  backfill,
  createVersion,
  dropVersion,
  type Parity,
  parity,
} from './projection-build.js';
import { type Difference, differences } from './projection-difference.js';
import { createFeed, hasTable, type TableProjection } from './projection-feed.js';
import { type ProjectionDefinition, viewChecksum } from './projection-file.js';
import { isLive, record, tableOf, type Version, versions } from './projection-ledger.js';
import { checkProjection } from './projection-lint.js';
import {
  checksumWith,
  type ProjectionSources,
  type ProjectionStatus,
  projectionStatus,
  readByFunctions,
  withWhatTheyRead,
} from './projection-status.js';
import { replaceViews, updateComments } from './projection-views.js';
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

/** The engine repeats the whole statement; what is wrong with it stands before that. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/:? In scope [\s\S]*/, '');

const startOne = async (
  warehouse: Warehouse,
  definition: ProjectionDefinition,
  twins: readonly UpcasterTwin[],
  options: StartOptions,
): Promise<void> => {
  const known = await versions(warehouse, definition.name);
  for (const version of known.filter(({ state }) => state === 'building'))
    await dropInterrupted(warehouse, version);
  checkProjection(definition);
  const live = known.findLast(isLive);
  if (live) await restoreViews(warehouse, live);
  if (!live && hasTable(definition)) {
    const { projector = noProjector(warehouse) } = options;
    await build(warehouse, definition, twins, nextVersion(known), projector, options);
    return;
  }
  const unchanged = live?.viewChecksum === viewChecksum(definition);
  if (unchanged || (live && live.tableChecksum !== checksumWith(definition, twins))) return;
  if (live && hasTable(definition)) await updateComments(warehouse, definition, live.version);
  const views = await replaceViews(warehouse, definition, live?.version ?? 0, live?.views);
  await record(warehouse, {
    ...entry(definition, twins, live?.version ?? 0),
    state: live?.state ?? 'live',
    reason: live?.reason ?? '',
    views,
  });
};

/** A process that was killed left a version behind that is not to be read. */
const dropInterrupted = async (warehouse: Warehouse, version: Version): Promise<void> => {
  await dropVersion(warehouse, version.name, version.version);
  await record(warehouse, { ...version, state: 'failed', reason: 'the build was interrupted' });
};

/** A process that was killed in the midst of a swap left views that read another version than the ledger says. */
const restoreViews = async (warehouse: Warehouse, { name, version, views }: Version): Promise<void> => {
  const [view] = await warehouse.rows<{ agrees: boolean }>(
    `SELECT {version:UInt32} = 0 OR match(create_table_query, {table:String}) AS agrees FROM system.tables
     WHERE database = 'crm' AND name = {name:String}`,
    { name, version, table: `${tableOf(name, version)}\\b` },
  );
  if (view?.agrees) return;
  for (const statement of views) await warehouse.command(statement);
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
  await record(warehouse, begun);
  try {
    const boundary = await createBeside(warehouse, definition, version, twins, projector);
    if (!isEmpty(boundary)) await backfill(warehouse, definition, version, twins, boundary, options);
    const views = await replaceViews(warehouse, definition, version);
    await record(warehouse, { ...begun, state: 'live', views });
  } catch (error) {
    await abandon(warehouse, begun, error);
    throw error;
  }
};

const createBeside = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
  twins: readonly UpcasterTwin[],
  projector: Projector,
): Promise<Boundary> => {
  await createVersion(warehouse, definition, version);
  return whilePaused(projector, async (boundary) => {
    await createFeed(warehouse, definition, version, twins, boundary);
    return boundary;
  });
};

const abandon = async (warehouse: Warehouse, begun: Version, error: unknown): Promise<void> => {
  await dropVersion(warehouse, begun.name, begun.version);
  await record(warehouse, {
    ...begun,
    state: 'failed',
    reason: reasonOf(error),
  });
};

/**
 * Builds a new version beside the running one from all events, compares it with them, and lets the public views
 * read it from one moment to the next. The version before stays fed, for `rollbackProjection`; older ones go.
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
  const known = await versions(warehouse, name);
  if (known.some(({ state }) => state === 'building'))
    throw conflict('projection-rebuilding', `${name} is being rebuilt already.`);
  const before = known.findLast(isLive);
  const begun = entry(definition, twins, nextVersion(known));
  const { version } = begun;
  await record(warehouse, begun);
  try {
    const boundary = await createBeside(warehouse, definition, version, twins, projector);
    await backfill(warehouse, definition, version, twins, boundary, options);
    options.onProgress?.({ name, phase: 'parity', done: 0, of: 1 });
    const agreed = await parity(warehouse, definition, version, twins, projector);
    if (!agreed.equal)
      throw new Error(`${agreed.rows} rows were built, the events give ${agreed.expectedRows}`);
    await demandFed(warehouse, begun);
    const difference = before && (await differences(warehouse, name, before.version, version));
    const views = await replaceViews(warehouse, definition, version, before?.views);
    const demoted = before ? [{ ...before, state: standing(before) }] : [];
    await record(warehouse, { ...begun, state: 'live', views }, ...demoted);
    options.onProgress?.({ name, phase: 'parity', done: 1, of: 1 });
    const removed = await removeOldVersions(warehouse, name, before?.version);
    return { name, version, parity: agreed, difference, removed };
  } catch (error) {
    await abandon(warehouse, begun, error);
    throw new RebuildFailed(name, reasonOf(error), { cause: error });
  }
};

/** Meanwhile the projector may have detached a feed that failed. */
const demandFed = async (warehouse: Warehouse, { name, version }: Version): Promise<void> => {
  const now = (await versions(warehouse, name)).find((candidate) => candidate.version === version);
  if (now?.state !== 'building') throw new Error(`its feed was detached: ${now?.reason}`);
};

/** What is no longer fed cannot be rolled back to. */
const standing = ({ state }: Version): Version['state'] => (state === 'needs rebuild' ? 'failed' : 'standby');

/** Lets the public views read the version before again; both stay fed, so that this can be done to and fro. */
export const rollbackProjection = async (
  warehouse: Warehouse,
  name: string,
): Promise<{ from: number; to: number }> => {
  const known = await versions(warehouse, name);
  const live = known.findLast(isLive);
  const before = known.findLast(({ state }) => state === 'standby');
  if (!live || !before) throw notFound('no-version-to-roll-back-to', `${name} has no version on standby.`);
  for (const statement of before.views) await warehouse.command(statement);
  const reason = `rolled back from version ${live.version}`;
  await record(warehouse, { ...before, state: 'live', reason }, { ...live, state: standing(live) });
  return { from: live.version, to: before.version };
};

/** Removes the versions that are not live, but for one on standby that is to be kept. */
export const removeOldVersions = async (
  warehouse: Warehouse,
  name: string,
  keep?: number,
): Promise<number[]> => {
  const old = (await versions(warehouse, name)).filter(
    ({ version, state }) => version > 0 && (state === 'failed' || (state === 'standby' && version !== keep)),
  );
  for (const version of old) {
    await dropVersion(warehouse, name, version.version);
    await record(warehouse, { ...version, state: 'removed' });
  }
  return old.map(({ version }) => version);
};
