import { randomUUID } from 'node:crypto';
import type { Settings } from './connection.js';
import { putIfAbsent } from './put-if-absent.js';
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

/** The projection whose feed, or gate before it, it is; undefined for any other view. */
export const projectionOfFeed = (feed: string): { name: string; version: number } | undefined => {
  const [, name, version] = /^(?:crm\.)?`?(\w+)_v(\d+)_(?:feed|gate)`?$/.exec(feed) ?? [];
  return name && version ? { name, version: Number(version) } : undefined;
};

/**
 * Appends what follows from the ledger as it stands; entries of one decision are there together. Each decision about a
 * projection has the number after that of the last one: of all that are put under a number the engine takes one, and
 * whoever comes late, be it that he slept, looks again and decides anew.
 * @param decision nothing to append when it answers no entries
 * @returns what was appended
 */
export const decide = async (
  warehouse: Warehouse,
  name: string,
  decision: (known: readonly Version[]) => readonly Version[],
  { id = randomUUID(), leaseMs = 0 }: Partial<Builder> = {},
): Promise<readonly Version[]> => {
  for (;;) {
    // Before the versions: what is said in between takes the number.
    const sequence = (await lastSequence(warehouse, name)) + 1;
    const entries = decision(await versions(warehouse, name));
    if (entries.length === 0) return [];
    const rows = entries.map((entry) => ({ ...line(entry, sequence), builder: id, lease: leaseMs }));
    await putIfAbsent(
      warehouse,
      `decision-${name}-${sequence}`,
      (token) => insert(warehouse, rows, { insert_deduplication_token: token }),
      async () => (await deciderOf(warehouse, name, sequence)) !== '',
    );
    if ((await deciderOf(warehouse, name, sequence)) === id) return entries;
  }
};

/** Appends to the ledger, whatever stands there; of one projection. */
export const record = async (warehouse: Warehouse, ...entries: readonly Version[]): Promise<void> => {
  await decide(warehouse, entries[0]?.name ?? '', () => entries);
};

/**
 * Begins to build a version, unless somebody else has begun it.
 * @returns how to say that it is still being built; undefined when it is somebody else who builds it
 */
export const begin = async (
  warehouse: Warehouse,
  version: Version,
  builder: Builder,
): Promise<(() => Promise<void>) | undefined> => {
  const isBegun = (known: readonly Version[]) => known.some((one) => one.version === version.version);
  const begun = await decide(warehouse, version.name, (known) => (isBegun(known) ? [] : [version]), builder);
  if (begun.length === 0) return undefined;
  // A row that is repeated under its sequence, or one before it, never hides what was said since.
  const row = { ...line(version, 0), builder: builder.id, lease: builder.leaseMs };
  return () => insert(warehouse, [row], { insert_deduplicate: 0 });
};

const lastSequence = async (warehouse: Warehouse, name: string): Promise<number> => {
  await caughtUp(warehouse, 'crm.projections');
  const [last] = await warehouse.rows<{ sequence: number }>(
    'SELECT max(sequence) AS sequence FROM crm.projections WHERE name = {name:String}',
    { name },
  );
  return last?.sequence ?? 0;
};

const deciderOf = async (warehouse: Warehouse, name: string, sequence: number): Promise<string> => {
  await caughtUp(warehouse, 'crm.projections');
  const [first] = await warehouse.rows<{ builder: string }>(
    `SELECT argMin(builder, changed_at) AS builder FROM crm.projections
     WHERE name = {name:String} AND sequence = {sequence:UInt64}`,
    { name, sequence },
  );
  return first?.builder ?? '';
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

/**
 * Every version that was ever begun, oldest first. Whoever slept for so long that the engine has forgotten the token of
 * his number gets a second row in under it: the first one counts, for him, too.
 */
export const versions = async (warehouse: Warehouse, name?: string): Promise<Version[]> => {
  await caughtUp(warehouse, 'crm.projections');
  const rows = await warehouse.rows<Omit<Version, 'views'> & { views: string }>(
    `SELECT name, version, argMax(p.state, sequence) AS state, argMax(p.reason, sequence) AS reason,
       argMax(table_checksum, sequence) AS tableChecksum, argMax(view_checksum, sequence) AS viewChecksum,
       argMax(p.views, sequence) AS views,
       max(changed_at + toIntervalMillisecond(lease)) <= now64(3, 'UTC') AS abandoned
     FROM crm.projections AS p WHERE {name:String} IN ('', name) AND (sequence = 0 OR (name, sequence, builder) IN (
       SELECT name, sequence, argMin(builder, changed_at) FROM crm.projections GROUP BY name, sequence))
     GROUP BY name, version ORDER BY name, version`,
    { name: name ?? '' },
  );
  return rows.map((row) => ({
    ...row,
    views: JSON.parse(row.views) as string[],
    abandoned: row.state === 'building' && Boolean(row.abandoned),
  }));
};

export const isLive = ({ state }: Version): boolean => state === 'live' || state === 'needs rebuild';

/**
 * Says of a projection that its rows are no longer complete: a rebuild makes a new version. What is being built may lack
 * them, too, so it never comes to run, and what stands by cannot be rolled back to.
 */
export const markNeedsRebuild = async (warehouse: Warehouse, name: string, reason: string): Promise<void> => {
  await decide(warehouse, name, (known) => known.filter(isFed).map((version) => doubted(version, reason)));
};

/** Versions that take events, now or as soon as they are built. */
export const isFed = (version: Version): boolean =>
  isLive(version) || version.state === 'standby' || version.state === 'building';

const doubted = (version: Version, reason: string): Version => ({
  ...version,
  state: isLive(version) ? 'needs rebuild' : 'failed',
  reason,
});

/**
 * Stops a feed that fails, for good, so that the others go on: the projection's live version then needs a rebuild,
 * a version on standby can no longer be rolled back to.
 */
export const detachFeed = async (warehouse: Warehouse, feed: string, reason: string): Promise<void> => {
  const fed = projectionOfFeed(feed);
  if (!fed) throw new Error(`${feed} is not the feed of a projection.`);
  await decide(warehouse, fed.name, (known) =>
    known
      .filter((candidate) => candidate.version === fed.version && isFed(candidate))
      .map((version) => doubted(version, reason)),
  );
  await dropFeed(warehouse, fed.name, fed.version);
};
