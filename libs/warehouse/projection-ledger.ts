import type { Settings } from './connection.js';
import { caughtUp } from './replicas.js';
import type { Warehouse } from './warehouse.js';

export type VersionState = 'building' | 'live' | 'needs rebuild' | 'standby' | 'failed' | 'removed';

/** One version of a projection as the ledger knows it. */
export interface Version {
  readonly name: string;
  /** 0 for a projection that is only views. */
  readonly version: number;
  readonly state: VersionState;
  readonly reason: string;
  readonly tableChecksum: string;
  readonly viewChecksum: string;
  /** The statements that make its public views. */
  readonly views: readonly string[];
  /** Of one that is being built: its builder has been silent for longer than its lease. */
  readonly abandoned?: boolean;
}

/** Who builds a version, and for how many milliseconds it counts as being built after its builder was last heard of. */
export interface Builder {
  readonly id: string;
  readonly leaseMs: number;
}

export const tableOf = (name: string, version: number): string => `crm.${name}_v${version}`;

/** The materialized view that feeds a version's table from crm.events. */
export const feedOf = (name: string, version: number): string => `crm.${name}_v${version}_feed`;

/** The materialized view that lets only events of the right types through to the feed, ... */
export const gateOf = (name: string, version: number): string => `crm.${name}_v${version}_gate`;

/** ... by this table, which keeps nothing. */
export const gatedOf = (name: string, version: number): string => `crm.${name}_v${version}_gated`;

/** From here on a version's table takes no more events. */
export const dropFeed = async (warehouse: Warehouse, name: string, version: number): Promise<void> => {
  for (const view of [gateOf(name, version), feedOf(name, version)])
    await warehouse.command(`DROP VIEW IF EXISTS ${view} SYNC`);
  await warehouse.command(`DROP TABLE IF EXISTS ${gatedOf(name, version)} SYNC`);
};

/** The projection whose feed it is; undefined for any other view. */
export const projectionOfFeed = (feed: string): { name: string; version: number } | undefined => {
  const [, name, version] = /^(?:crm\.)?`?(\w+)_v(\d+)_feed`?$/.exec(feed) ?? [];
  return name && version ? { name, version: Number(version) } : undefined;
};

/** Appends to the ledger; entries given together are there together. */
export const record = async (warehouse: Warehouse, ...entries: readonly Version[]): Promise<void> => {
  const next = await nextSequence(warehouse);
  await insert(
    warehouse,
    entries.map((entry, i) => line(entry, next + i)),
    { insert_deduplicate: 0 },
  );
};

/**
 * Begins to build a version, unless somebody else has begun it.
 * @returns how to say that it is still being built; undefined when it is somebody else who builds it
 */
export const begin = async (
  warehouse: Warehouse,
  version: Version,
  { id, leaseMs }: Builder,
): Promise<(() => Promise<void>) | undefined> => {
  // A row that is repeated under its sequence never hides what was said since.
  const row = { ...line(version, await nextSequence(warehouse)), builder: id, lease: leaseMs };
  const { name, version: number } = version;
  await insert(warehouse, [row], { insert_deduplication_token: `begin-${name}-${number}` });
  await caughtUp(warehouse, 'crm.projections');
  const [first] = await warehouse.rows<{ builder: string }>(
    `SELECT builder FROM crm.projections WHERE name = {name:String} AND version = {number:UInt32}
     ORDER BY sequence, changed_at LIMIT 1`,
    { name, number },
  );
  return first?.builder === id ? () => insert(warehouse, [row], { insert_deduplicate: 0 }) : undefined;
};

const nextSequence = async (warehouse: Warehouse): Promise<number> => {
  await caughtUp(warehouse, 'crm.projections');
  const [last] = await warehouse.rows<{ sequence: number }>(
    'SELECT max(sequence) AS sequence FROM crm.projections',
  );
  return (last?.sequence ?? 0) + 1;
};

const line = (version: Version, sequence: number): object => ({
  sequence,
  name: version.name,
  version: version.version,
  state: version.state,
  reason: version.reason,
  table_checksum: version.tableChecksum,
  view_checksum: version.viewChecksum,
  views: JSON.stringify(version.views),
});

const insert = (warehouse: Warehouse, rows: readonly object[], settings: Settings): Promise<void> =>
  warehouse.insertLines('crm.projections', rows.map((row) => JSON.stringify(row)).join('\n'), settings);

/** Every version that was ever begun, oldest first. */
export const versions = async (warehouse: Warehouse, name?: string): Promise<Version[]> => {
  await caughtUp(warehouse, 'crm.projections');
  const rows = await warehouse.rows<Omit<Version, 'views'> & { views: string }>(
    `SELECT name, version, argMax(p.state, sequence) AS state, argMax(p.reason, sequence) AS reason,
       argMax(table_checksum, sequence) AS tableChecksum, argMax(view_checksum, sequence) AS viewChecksum,
       argMax(p.views, sequence) AS views,
       max(changed_at + toIntervalMillisecond(lease)) <= now64(3, 'UTC') AS abandoned
     FROM crm.projections AS p WHERE {name:String} IN ('', name) GROUP BY name, version ORDER BY name, version`,
    { name: name ?? '' },
  );
  return rows.map((row) => ({
    ...row,
    views: JSON.parse(row.views) as string[],
    abandoned: row.state === 'building' && Boolean(row.abandoned),
  }));
};

export const isLive = ({ state }: Version): boolean => state === 'live' || state === 'needs rebuild';

/** Says of the live version of a projection that its rows are no longer complete; a rebuild makes a new version. */
export const markNeedsRebuild = async (warehouse: Warehouse, name: string, reason: string): Promise<void> => {
  const live = (await versions(warehouse, name)).find(isLive);
  if (live) await record(warehouse, { ...live, state: 'needs rebuild', reason });
};

/**
 * Stops a feed that fails, for good, so that the others go on: the projection's live version then needs a rebuild,
 * a version on standby can no longer be rolled back to.
 */
export const detachFeed = async (warehouse: Warehouse, feed: string, reason: string): Promise<void> => {
  const fed = projectionOfFeed(feed);
  if (!fed) throw new Error(`${feed} is not the feed of a projection.`);
  const version = (await versions(warehouse, fed.name)).find(
    (candidate) => candidate.version === fed.version,
  );
  if (version)
    await record(warehouse, { ...version, state: isLive(version) ? 'needs rebuild' : 'failed', reason });
  await dropFeed(warehouse, fed.name, fed.version);
};
