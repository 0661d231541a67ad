import { type Boundary, beyond, isEmpty } from './boundary.js';
import { closing, type ProjectionDefinition, reading } from './projection-file.js';
import { feedOf, gatedOf, gateOf, tableOf } from './projection-ledger.js';
import { text } from './projection-views.js';
import { significant, type Token } from './sql-text.js';
import { twinsFor, type UpcasterTwin, upcastData } from './upcaster-twins.js';
import type { Warehouse } from './warehouse.js';

export type TableProjection = ProjectionDefinition & {
  readonly table: NonNullable<ProjectionDefinition['table']>;
};

export const hasTable = (definition: ProjectionDefinition): definition is TableProjection =>
  definition.table !== undefined;

/** The SELECT that feeds a projection, over all events or over those that fulfil a condition. */
export const feedSelect = (
  { table }: TableProjection,
  twins: readonly UpcasterTwin[],
  { from = 'crm.events', condition }: { readonly from?: string; readonly condition?: string } = {},
): string => {
  const needed = twinsFor(table.select, twins);
  if (!condition && needed.length === 0) return reading(table.select, 'events', from);
  const columns = needed.length === 0 ? '*' : `* REPLACE (${upcastData(needed)} AS data)`;
  return reading(table.select, 'events', `(SELECT ${columns} FROM ${from} WHERE ${condition ?? '1'})`);
};

/**
 * The engine plans the whole SELECT of a feed for every insert, about 10 ms, even when no event of the insert is for it;
 * so a gate, planned in 1 ms, lets only events of its types through, to a table that keeps nothing, and the feed reads
 * there. Everything but the gate is made here, while events land: what follows in `attachFeed` takes one statement.
 */
export const prepareFeed = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
  twins: readonly UpcasterTwin[],
): Promise<void> => {
  const { name, table } = definition;
  if (typesOf(table.select).length === 0) return;
  const gated = gatedOf(name, version);
  await warehouse.command(
    `CREATE TABLE ${gated} AS crm.events ENGINE = Null COMMENT ${text(`Events for ${name}, on their way`)}`,
  );
  await createView(
    warehouse,
    feedOf(name, version),
    tableOf(name, version),
    feedSelect(definition, twins, { from: gated }),
  );
};

/** Feeds a version with every event that lands from now on, and lies beyond the boundary. */
export const attachFeed = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
  twins: readonly UpcasterTwin[],
  boundary: Boundary,
): Promise<void> => {
  const { name, table } = definition;
  const condition = isEmpty(boundary) ? undefined : beyond(boundary);
  const types = typesOf(table.select);
  if (types.length > 0)
    await createView(warehouse, gateOf(name, version), gatedOf(name, version), gateSelect(types, condition));
  else
    await createView(
      warehouse,
      feedOf(name, version),
      tableOf(name, version),
      feedSelect(definition, twins, { condition }),
    );
};

const createView = (warehouse: Warehouse, view: string, target: string, select: string): Promise<void> =>
  warehouse.command(
    `CREATE MATERIALIZED VIEW ${view} TO ${target} COMMENT ${text(`Feeds ${target} from crm.events`)} AS ${select}`,
  );

const gateSelect = (types: readonly string[], condition?: string): string =>
  `SELECT * FROM crm.events WHERE ${condition ? `${condition} AND ` : ''}type IN (${types.join(', ')})`;

/** Once no batch from before the boundary can come again, the feed need not ask for it any longer. */
export const unboundFeed = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
  twins: readonly UpcasterTwin[],
): Promise<void> => {
  const { name, table } = definition;
  const types = typesOf(table.select);
  const view = types.length === 0 ? feedOf(name, version) : gateOf(name, version);
  const select = types.length === 0 ? feedSelect(definition, twins) : gateSelect(types);
  await warehouse.command(`ALTER TABLE ${view} MODIFY QUERY ${select}`);
};

/**
 * The literals of the event types in `WHERE type = '...'` or `WHERE type IN ('...', ...)`, as they stand there; none
 * when the SELECT may take events of other types, too.
 */
const typesOf = (select: string): string[] => {
  const all = significant(select);
  const where = outermost(all, 'WHERE');
  const [column, operator, first] = all.slice(where + 1);
  if (where < 0 || column?.text !== 'type' || !operator || !first) return [];
  if (outermost(all.slice(where), 'OR') >= 0) return [];
  if (operator.text === '=' && first.kind === 'string') return [first.text];
  if (operator.text.toUpperCase() !== 'IN' || first.text !== '(') return [];
  const list = all.slice(where + 4, closing(all, where + 3)).filter(({ text }) => text !== ',');
  return list.every(({ kind }) => kind === 'string') ? list.map(({ text }) => text) : [];
};

/** The last place of a word outside all brackets. */
const outermost = (all: readonly Token[], word: string): number => {
  let depth = 0;
  return all.reduce((found, { kind, text }, i) => {
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    return depth === 0 && kind === 'word' && text.toUpperCase() === word ? i : found;
  }, -1);
};
