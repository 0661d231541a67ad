import { join } from 'node:path';
import {
  type ProjectionDefinition,
  readProjections,
  readsFrom,
  tableChecksum,
  viewChecksum,
} from './projection-file.js';
import { isLive, versions } from './projection-ledger.js';
import { nameIn, significant } from './sql-text.js';
import { readUpcasterTwins, twinsFor, type UpcasterTwin } from './upcaster-twins.js';
import type { Warehouse } from './warehouse.js';

/** Everything that projections are made of. */
export interface ProjectionSources {
  readonly definitions: readonly ProjectionDefinition[];
  readonly twins: readonly UpcasterTwin[];
  /** Files that are no projections, and why. */
  readonly invalid: ReadonlyMap<string, Error>;
}

/** Reads the projections, reports and upcasters' twins below a directory: infra/clickhouse. */
export const readSources = (directory: string): ProjectionSources => {
  const projections = readProjections(join(directory, 'projections'));
  const reports = readProjections(join(directory, 'reports'));
  return {
    definitions: [...projections.definitions, ...reports.definitions],
    twins: readUpcasterTwins(join(directory, 'upcasters')),
    invalid: new Map([...projections.invalid, ...reports.invalid]),
  };
};

/**
 * How a projection stands against its file: `changed` and `needs rebuild` wait for a rebuild, meanwhile the running
 * version answers; `failed` says why there is none; `orphan` has no file any longer.
 */
export interface ProjectionStatus {
  readonly name: string;
  readonly state: 'current' | 'changed' | 'needs rebuild' | 'new' | 'failed' | 'orphan';
  /** Undefined when there is none; 0 for a projection that is only views. */
  readonly version: number | undefined;
  /** The version that a rollback would bring back. */
  readonly standby: number | undefined;
  readonly reason: string;
}

/** Of a projection's rows: of its file and of the upcasters of the events that it reads. */
export const checksumWith = (definition: ProjectionDefinition, twins: readonly UpcasterTwin[]): string =>
  tableChecksum(
    definition,
    twinsFor(definition.table?.select ?? '', twins).map(({ sql }) => sql),
  );

export const projectionStatus = async (
  warehouse: Warehouse,
  { definitions, twins, invalid }: ProjectionSources,
): Promise<ProjectionStatus[]> => {
  const known = await versions(warehouse);
  const statusOf = (name: string, definition?: ProjectionDefinition): ProjectionStatus => {
    const own = known.filter((version) => version.name === name);
    const live = own.findLast(isLive);
    const standby = own.findLast(({ state }) => state === 'standby')?.version;
    const last = own.at(-1);
    const rest = { name, version: live?.version, standby };
    const unfit = invalid.get(name);
    if (unfit) return { ...rest, state: 'failed', reason: unfit.message };
    if (!definition) return { ...rest, state: 'orphan', reason: 'its file is gone' };
    if (!live && last?.state === 'failed') return { ...rest, state: 'failed', reason: last.reason };
    if (!live) return { ...rest, state: 'new', reason: '' };
    if (live.state === 'needs rebuild') return { ...rest, state: 'needs rebuild', reason: live.reason };
    const changed =
      live.tableChecksum !== checksumWith(definition, twins) ||
      live.viewChecksum !== viewChecksum(definition);
    return {
      ...rest,
      state: changed ? 'changed' : 'current',
      reason: changed ? 'its file, or an upcaster of its events, was changed' : live.reason,
    };
  };
  const others = known.filter(({ state }) => state !== 'removed').map(({ name }) => name);
  const named = new Set([...definitions.map(({ name }) => name), ...invalid.keys(), ...others]);
  return [...named].map((name) =>
    statusOf(
      name,
      definitions.find((definition) => definition.name === name),
    ),
  );
};

/** What the functions of the schema read, by their names: whoever calls one reads that, too. */
export const readByFunctions = async (warehouse: Warehouse): Promise<Map<string, string[]>> => {
  const functions = await warehouse.rows<{ name: string; sql: string }>(
    "SELECT name, create_query AS sql FROM system.functions WHERE origin = 'SQLUserDefined'",
  );
  return new Map(functions.map(({ name, sql }) => [name, readsFrom(sql)]));
};

/** Those and all whose views they read, a projection after those that it reads. */
export const withWhatTheyRead = (
  wanted: readonly ProjectionDefinition[],
  all: readonly ProjectionDefinition[],
  functions: ReadonlyMap<string, readonly string[]>,
): ProjectionDefinition[] => {
  const readBy = ({ views }: ProjectionDefinition): string[] =>
    views.flatMap(({ select }) => [
      ...readsFrom(select),
      ...significant(select).flatMap((token) => functions.get(nameIn(token)) ?? []),
    ]);
  const ordered: ProjectionDefinition[] = [];
  const visit = (definition: ProjectionDefinition, path: readonly string[]): void => {
    if (ordered.includes(definition)) return;
    if (path.includes(definition.name)) throw new Error(`Projections read each other: ${path.join(' > ')}`);
    const read = new Set(readBy(definition));
    for (const other of all)
      if (other !== definition && other.views.some(({ name }) => read.has(name)))
        visit(other, [...path, definition.name]);
    ordered.push(definition);
  };
  for (const definition of wanted) visit(definition, []);
  return ordered;
};
