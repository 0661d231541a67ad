import { notFound } from '#eventing/errors';
import { BOUNDED, type Projector, whilePaused } from './boundary.js';
import { dropVersion, TABLE_SETTINGS } from './projection-build.js';
import { hasTable, unboundFeed } from './projection-feed.js';
import { feedOf, gateOf, isLive, record, tableOf, versions } from './projection-ledger.js';
import { checksumWith, type ProjectionSources } from './projection-status.js';
import { viewMadeBy } from './projection-views.js';
import type { Warehouse } from './warehouse.js';

/**
 * A projection that was built at a start takes nothing from before its boundary, because a batch whose end nobody
 * knew might have come again. Once the projector runs, none can, and what is repaired later must get in.
 */
export const openFeeds = async (
  warehouse: Warehouse,
  { definitions, twins }: ProjectionSources,
  projector: Projector,
): Promise<string[]> => {
  if (projector.mayRepeat) return [];
  const live = (await versions(warehouse)).filter(isLive);
  const bounded = await warehouse.rows<{ view: string }>(
    `SELECT concat('crm.', t.name) AS view FROM system.tables AS t
     WHERE database = 'crm' AND engine = 'MaterializedView' AND match(create_table_query, {boundary:String})`,
    { boundary: BOUNDED },
  );
  const closed = definitions.filter(hasTable).flatMap((definition) => {
    const version = live.findLast(({ name }) => name === definition.name);
    const isClosed =
      version?.tableChecksum === checksumWith(definition, twins) &&
      bounded.some(({ view }) =>
        [gateOf, feedOf].some((viewOf) => viewOf(version.name, version.version) === view),
      );
    return isClosed ? [{ definition, version: version.version }] : [];
  });
  if (closed.length === 0) return [];
  await whilePaused(projector, async () => {
    for (const { definition, version } of closed) await unboundFeed(warehouse, definition, version, twins);
  });
  return closed.map(({ definition }) => definition.name);
};

/** Gives the tables that an older program made the settings that those of this one have. @returns their names */
export const renewSettings = async (warehouse: Warehouse): Promise<string[]> => {
  const old = await warehouse.rows<{ table: string }>(
    `SELECT concat('crm.', name) AS table FROM system.tables
     WHERE database = 'crm' AND engine LIKE '%MergeTree' AND NOT create_table_query LIKE '%old_parts_lifetime%'`,
  );
  const kept = (await versions(warehouse))
    .filter(({ state }) => state !== 'failed' && state !== 'removed')
    .map(({ name, version }) => tableOf(name, version))
    .filter((name) => old.some(({ table }) => table === name));
  for (const table of kept) await warehouse.command(`ALTER TABLE ${table} MODIFY SETTING ${TABLE_SETTINGS}`);
  return kept;
};

/** Removes a projection that is no longer wanted: its views and all its versions. */
export const dropProjection = async (warehouse: Warehouse, name: string): Promise<void> => {
  const known = await versions(warehouse, name);
  if (known.length === 0) throw notFound('no-such-projection', `There is no projection ${name}.`);
  for (const statement of known.findLast(isLive)?.views ?? [])
    await warehouse.command(`DROP VIEW IF EXISTS crm.${viewMadeBy(statement)} SYNC`);
  for (const version of known.filter(({ state }) => state !== 'removed')) {
    if (version.version > 0) await dropVersion(warehouse, name, version.version);
    await record(warehouse, { ...version, state: 'removed' });
  }
};
