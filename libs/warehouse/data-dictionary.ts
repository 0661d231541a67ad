import type { Warehouse } from './warehouse.js';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly comment: string;
}

interface Table {
  readonly name: string;
  readonly comment: string;
  /** A view with parameters tells its columns only when it is asked. */
  readonly parameters: readonly string[];
  readonly kind: 'view' | 'table' | 'internal';
}

const HEAD = `# Data dictionary

What is in the database \`crm\`, made from the comments of its tables, views and columns: change those, then run
\`UPDATE_DOCS=1 npm run jest -- data-dictionary\`.

Amounts stand beside their currency; amounts of several currencies are never added. Times are in UTC; days
(\`business_date\` and whatever ends in \`_on\`) are days of the business zone. \`position\` is the place of an event in the
order of all events: what has a position of at most P was known at P.
`;

/** The data dictionary as Markdown: what analysts read first, then the tables that projections keep behind it. */
export const generateDataDictionary = async (warehouse: Warehouse): Promise<string> => {
  const tables = await tablesOf(warehouse);
  const columns = await columnsOf(warehouse);
  const section = (title: string, kind: Table['kind']): string => {
    const own = tables.filter((table) => table.kind === kind);
    return `\n## ${title}\n\n${own.map((table) => chapter(table, columns)).join('\n')}`;
  };
  return [
    HEAD,
    section('Views', 'view'),
    section('Tables', 'table'),
    `\n## Behind the views\n\nEvery projection keeps its rows in a table of its own, by version. Read the views instead: these tables hold
facts as they were recorded, neither voidings nor merges resolved.\n\n`,
    tables
      .filter(({ kind }) => kind === 'internal')
      .map(({ name, comment }) => `- \`crm.${name}\`: ${comment}\n`)
      .join(''),
  ].join('');
};

const chapter = (table: Table, columns: readonly Column[]): string => {
  const call = table.parameters.length > 0 ? `(${table.parameters.join(', ')})` : '';
  const own = columns.filter((column) => column.table === table.name);
  const rows = own.map(({ name, type, comment }) => `| \`${name}\` | ${cell(type)} | ${cell(comment)} |\n`);
  const list = rows.length > 0 ? `\n| column | type | |\n|---|---|---|\n${rows.join('')}` : '';
  return `### crm.${table.name}${call}\n\n${table.comment}.\n${list}`;
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

/** Tables, views and columns of crm that say nothing of themselves. */
export const withoutComment = async (warehouse: Warehouse): Promise<string[]> => {
  const tables = await tablesOf(warehouse);
  const columns = await columnsOf(warehouse);
  return [
    ...tables.filter(({ comment }) => comment === '').map(({ name }) => name),
    ...columns.filter(({ comment }) => comment === '').map(({ table, name }) => `${table}.${name}`),
  ];
};

/** Feeds of projections, and what they go through, hold no rows. */
const KEEPS_SOMETHING = `engine != 'MaterializedView' AND NOT endsWith(name, '_gated')`;

const tablesOf = async (warehouse: Warehouse): Promise<Table[]> => {
  const rows = await warehouse.rows<{ name: string; comment: string; engine: string; sql: string }>(
    `SELECT name, comment, engine, create_table_query AS sql FROM system.tables
     WHERE database = 'crm' AND ${KEEPS_SOMETHING} ORDER BY name`,
  );
  return rows.map(({ name, comment, engine, sql }) => ({
    name,
    comment,
    parameters: engine === 'View' ? [...new Set(sql.match(/(?<=\{)\w+(?=:)/g) ?? [])] : [],
    kind: engine === 'View' ? 'view' : /_v\d+$/.test(name) ? 'internal' : 'table',
  }));
};

const columnsOf = (warehouse: Warehouse): Promise<Column[]> =>
  warehouse.rows<Column>(
    `SELECT c.table AS table, c.name AS name, c.type AS type, c.comment AS comment FROM system.columns AS c
     INNER JOIN (SELECT database, name FROM system.tables WHERE ${KEEPS_SOMETHING}) AS t
       ON t.database = c.database AND t.name = c.table
     WHERE c.database = 'crm' ORDER BY c.table, c.position`,
  );
