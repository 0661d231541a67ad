import { PerennialError } from '#eventing/errors';
import { type Projector, whilePaused } from './boundary.js';
import type { ProjectionDefinition, ViewDefinition } from './projection-file.js';
import { columnComments, reading, readsFrom } from './projection-file.js';
import { isLive, tableOf, type Version, versions } from './projection-ledger.js';
import type { Warehouse } from './warehouse.js';

const quoted = (name: string): string => `\`${name}\``;
export const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** The statements that make public views, by their names. */
export type ViewStatements = ReadonlyMap<string, string>;

/** Those that can be told before any view is made: of all that read none of the others, whose columns may change. */
export const prepareViews = async (
  warehouse: Warehouse,
  { name, views }: ProjectionDefinition,
  version: number,
): Promise<ViewStatements> => {
  const statements = new Map<string, string>();
  for (const view of views) {
    const read = readsFrom(view.select);
    if (!views.some((other) => read.includes(other.name)))
      statements.set(view.name, await viewStatement(warehouse, view, name, version));
  }
  return statements;
};

/**
 * Makes a projection's public views read one version of its table, each atomically, and returns the statements.
 * When one cannot be made, those of `before` are put back.
 */
export const replaceViews = async (
  warehouse: Warehouse,
  { name, views }: ProjectionDefinition,
  version: number,
  before: readonly string[] = [],
  prepared: ViewStatements = new Map(),
): Promise<string[]> => {
  const made: string[] = [];
  try {
    for (const view of views) {
      const statement = prepared.get(view.name) ?? (await viewStatement(warehouse, view, name, version));
      await warehouse.command(statement);
      made.push(statement);
    }
    return made;
  } catch (error) {
    for (const statement of before) await warehouse.command(statement);
    throw error;
  }
};

/** The public view that a statement of `replaceViews` makes. */
export const viewMadeBy = (statement: string): string =>
  /^CREATE OR REPLACE VIEW crm\.(\w+)/.exec(statement)?.[1] ?? '';

/**
 * A process that ended in the midst of a swap left views that read another version: all are to read the live one.
 * Readers see no gap if nothing lands meanwhile; where landing cannot be paused, they are set right all the same.
 */
export const restoreViews = async (
  warehouse: Warehouse,
  name: string,
  projector: Projector,
): Promise<void> => {
  const live = (await versions(warehouse, name)).findLast(isLive);
  if (!live || (await disagreeing(warehouse, live)).length === 0) return;
  try {
    await whilePaused(projector, () => followLedger(warehouse, name));
  } catch (error) {
    if (!(error instanceof PerennialError) || error.kind !== 'unavailable') throw error;
    await followLedger(warehouse, name);
  }
};

/**
 * Lets the views read what the ledger calls live, and looks again afterwards: whoever slept before a statement may have
 * brought back what others replaced meanwhile.
 * @param made the version that they have just been made for
 */
export const followLedger = async (warehouse: Warehouse, name: string, made?: number): Promise<void> => {
  for (let done = made; ; ) {
    const live = (await versions(warehouse, name)).findLast(isLive);
    if (!live || live.version === done) return;
    const statements = done === undefined ? await disagreeing(warehouse, live) : live.views;
    if (statements.length === 0) return;
    for (const statement of statements) await warehouse.command(statement);
    done = live.version;
  }
};

/** The statements of those of its views that read another version. */
const disagreeing = async (
  warehouse: Warehouse,
  { name, version, views }: Pick<Version, 'name' | 'version' | 'views'>,
): Promise<string[]> => {
  const own = `${name}_v${version}`;
  const found = await warehouse.rows<{ name: string; sql: string }>(
    `SELECT t.name AS name, create_table_query AS sql FROM system.tables AS t
     WHERE database = 'crm' AND has({names:Array(String)}, t.name)`,
    { names: views.map(viewMadeBy) },
  );
  return views.filter((statement) => {
    const view = found.find((one) => one.name === viewMadeBy(statement));
    return !view || (readsFrom(statement).includes(own) && !readsFrom(view.sql).includes(own));
  });
};

/** Removes what nobody knows any longer: public views that only a version brought that never came to its end. */
export const dropViewsOn = async (warehouse: Warehouse, name: string, version: number): Promise<void> => {
  const views = await warehouse.rows<{ name: string; sql: string }>(
    `SELECT t.name AS name, create_table_query AS sql FROM system.tables AS t
     WHERE database = 'crm' AND engine = 'View' AND position(create_table_query, {own:String}) > 0`,
    { own: tableOf(name, version) },
  );
  for (const view of views)
    if (readsFrom(view.sql).includes(`${name}_v${version}`))
      await warehouse.command(`DROP VIEW IF EXISTS crm.${view.name} SYNC`);
};

/**
 * Every column is given its type and its comment: the file's, else that of the column of the same name in the
 * projection's own table, else in what the view reads beside it.
 */
const viewStatement = async (
  warehouse: Warehouse,
  view: ViewDefinition,
  name: string,
  version: number,
): Promise<string> => {
  const own = tableOf(name, version);
  const select = reading(view.select, name, own);
  const reads = [...readsFrom(`FROM ${own}`), ...readsFrom(select)];
  const columns = isParameterized(view) ? '' : `(\n${await columnList(warehouse, view, select, reads)}\n)\n`;
  return `CREATE OR REPLACE VIEW crm.${view.name}\n${columns}COMMENT ${text(view.comment)}\nAS ${select}`;
};

/** Comments are the one part of a table that can change without its rows. */
export const updateComments = async (
  warehouse: Warehouse,
  { name, table }: ProjectionDefinition,
  version: number,
): Promise<void> => {
  const target = tableOf(name, version);
  const wanted = columnComments(table?.create ?? '');
  const columns = await warehouse.rows<{ name: string; comment: string }>(`DESCRIBE TABLE ${target}`);
  const changes = columns.flatMap(({ name, comment }) => {
    const now = wanted.get(name) ?? comment;
    return now === comment ? [] : [`COMMENT COLUMN ${quoted(name)} ${text(now)}`];
  });
  if (changes.length > 0) await warehouse.command(`ALTER TABLE ${target} ${changes.join(', ')}`);
};

/** A view with parameters has no columns until it is asked. */
const isParameterized = ({ select }: ViewDefinition): boolean => /\{\w+\s*:/.test(select);

const columnList = async (
  warehouse: Warehouse,
  view: ViewDefinition,
  select: string,
  reads: readonly string[],
): Promise<string> => {
  const columns = await warehouse.rows<{ name: string; type: string }>(`DESCRIBE TABLE (${select})`);
  const inherited = await commentsOf(warehouse, reads);
  const unknown = view.columns.find((note) => !columns.some(({ name }) => name === note.name));
  if (unknown)
    throw new Error(`The view ${view.name} comments a column that it does not have: ${unknown.name}`);
  return columns
    .map(({ name, type }) => {
      const note = view.columns.find((column) => column.name === name);
      const comment = note?.comment ?? inherited.get(name);
      if (!comment) throw new Error(`The column ${name} of the view ${view.name} has no COMMENT.`);
      return `  ${quoted(name)} ${note?.type ?? type} COMMENT ${text(comment)}`;
    })
    .join(',\n');
};

/** Comments by column name, those of the tables that stand first before those of the others. */
const commentsOf = async (warehouse: Warehouse, tables: readonly string[]): Promise<Map<string, string>> => {
  const rows = await warehouse.rows<{ name: string; comment: string }>(
    `SELECT name, argMin(c.comment, indexOf({tables:Array(String)}, table)) AS comment FROM system.columns AS c
     WHERE database = 'crm' AND has({tables:Array(String)}, table) AND c.comment != '' GROUP BY name`,
    { tables: [...tables] },
  );
  return new Map(rows.map(({ name, comment }) => [name, comment]));
};
