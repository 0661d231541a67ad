import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type FieldProblem, PerennialError } from '#eventing/errors';
import { lineOf, nameIn, normalized, SqlTextError, significant, statements, type Token } from './sql-text.js';

/** A file of infra/clickhouse/projections that cannot become a projection; each problem names its line. */
export class ProjectionInvalid extends PerennialError {
  constructor(file: string, problems: readonly FieldProblem[]) {
    const list = problems.map(({ path, reason }) => `${path}: ${reason}`).join('\n');
    super('invalid', 'projection-invalid', `${basename(file)} is not a projection:\n${list}`, problems);
  }
}

export interface ColumnNote {
  readonly name: string;
  /** Left out: as the engine derives it. */
  readonly type?: string;
  readonly comment: string;
}

/** A public view, `crm.NAME`. */
export interface ViewDefinition {
  readonly name: string;
  readonly comment: string;
  /** Columns that say more than the columns of the same name they are made from. */
  readonly columns: readonly ColumnNote[];
  readonly select: string;
}

/** What one file says. */
export interface ProjectionDefinition {
  readonly name: string;
  readonly file: string;
  readonly sql: string;
  /** The comment at the head: what a row is, and why. */
  readonly purpose: string;
  /** Missing: the projection is views over other projections. */
  readonly table?: { readonly create: string; readonly engine: string; readonly select: string };
  readonly views: readonly ViewDefinition[];
}

/** The projections of a directory, and the files that are none, by their names. */
export const readProjections = (
  directory: string,
): { definitions: ProjectionDefinition[]; invalid: Map<string, ProjectionInvalid> } => {
  const definitions: ProjectionDefinition[] = [];
  const invalid = new Map<string, ProjectionInvalid>();
  for (const file of existsSync(directory) ? readdirSync(directory).sort() : []) {
    if (!file.endsWith('.sql')) continue;
    try {
      definitions.push(parseProjection(join(directory, file), readFileSync(join(directory, file), 'utf8')));
    } catch (error) {
      if (!(error instanceof ProjectionInvalid)) throw error;
      invalid.set(basename(file, '.sql'), error);
    }
  }
  return { definitions, invalid };
};

/** @throws ProjectionInvalid */
export const parseProjection = (file: string, sql: string): ProjectionDefinition => {
  const name = basename(file, '.sql');
  const bad = (reason: string, at = 0) =>
    new ProjectionInvalid(file, [{ path: `line ${lineOf(sql, at)}`, reason }]);
  if (!/^[a-z][a-z0-9_]*$/.test(name) || /_v\d+$/.test(name))
    throw bad('the file must be named like the view: lower case, digits, underscores, no _v1 at its end');
  const purpose = /^(\s*--[^\n]*\n)+/
    .exec(sql)?.[0]
    .replace(/^\s*-- ?/gm, '')
    .trim();
  if (!purpose) throw bad('the file must begin with a comment: what a row is, and why');
  try {
    return { name, file, sql, purpose, ...parts(name, statements(sql), bad) };
  } catch (error) {
    throw error instanceof SqlTextError ? bad(error.message, error.at) : error;
  }
};

type Complaint = (reason: string) => ProjectionInvalid;

const parts = (name: string, all: readonly string[], bad: Complaint) => {
  const views = all.filter((sql) => begins(sql, 'CREATE', 'VIEW')).map((sql) => parseView(sql, bad));
  const rest = all.filter((sql) => !begins(sql, 'CREATE', 'VIEW'));
  if (rest.length === 0) {
    if (!views.some((view) => view.name === name)) throw bad(`CREATE VIEW ${name} is missing`);
    return { views };
  }
  const [create, select, ...more] = rest;
  if (!create || !begins(create, 'CREATE', 'TABLE') || nameAfter(create, 2) !== name)
    throw bad(`the first statement must be CREATE TABLE ${name}`);
  if (!select || !(begins(select, 'SELECT') || begins(select, 'WITH')))
    throw bad('the statement after CREATE TABLE must be the SELECT ... FROM events that feeds it');
  if (more.length > 0) throw bad('only CREATE VIEW may follow the SELECT');
  if (!views.some((view) => view.name === name)) views.unshift(plainView(name, create, bad));
  return { table: { create, select, engine: engineOf(create, bad) }, views };
};

const begins = (sql: string, ...words: readonly string[]): boolean => {
  const found = significant(sql);
  return words.every((word, i) => found[i]?.text.toUpperCase() === word);
};

const nameAfter = (sql: string, place: number): string | undefined => {
  const token = significant(sql)[place];
  return token && nameIn(token);
};

const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === 'word' && token.text.toUpperCase() === word;

const engineOf = (create: string, bad: Complaint): string => {
  const all = significant(create);
  const at = all.findIndex((token) => isWord(token, 'ENGINE'));
  const engine = all[at + 1]?.text === '=' ? all[at + 2] : all[at + 1];
  if (at < 0 || !engine?.text.endsWith('MergeTree'))
    throw bad('the table needs an engine of the MergeTree family');
  return engine.text;
};

/** What a file without a view of its own means: the rows as they are. */
const plainView = (name: string, create: string, bad: Complaint): ViewDefinition => {
  const all = significant(create);
  const comment = all.at(-1);
  if (comment?.kind !== 'string' || !isWord(all.at(-2), 'COMMENT')) throw bad('the table has no COMMENT');
  return { name, comment: unquoted(comment), columns: [], select: `SELECT * FROM ${name}` };
};

const parseView = (sql: string, bad: Complaint): ViewDefinition => {
  const all = significant(sql);
  const name = nameAfter(sql, 2) ?? '';
  let i = 3;
  const columns: ColumnNote[] = [];
  if (all[i]?.text === '(') {
    const end = closing(all, i);
    columns.push(...listItems(all.slice(i + 1, end)).map((item) => parseColumn(sql, item, name, bad)));
    i = end + 1;
  }
  const comment = all[i + 1];
  if (!isWord(all[i], 'COMMENT') || comment?.kind !== 'string')
    throw bad(`the view ${name} has no COMMENT before AS`);
  const as = all[i + 2];
  const first = all[i + 3];
  if (!isWord(as, 'AS') || !first) throw bad(`the view ${name} must go on with AS SELECT`);
  return { name, comment: unquoted(comment), columns, select: sql.slice(first.at) };
};

const parseColumn = (sql: string, item: readonly Token[], view: string, bad: Complaint): ColumnNote => {
  const [name, ...rest] = item;
  const comment = rest.at(-1);
  if (!name || comment?.kind !== 'string' || !isWord(rest.at(-2), 'COMMENT'))
    throw bad(`in the view ${view} every column that is listed needs a COMMENT`);
  const from = rest[0]?.at ?? 0;
  const type = sql.slice(from, rest.at(-2)?.at).trim();
  return { name: nameIn(name), type: type === '' ? undefined : type, comment: unquoted(comment) };
};

/** The place of the bracket that closes the one at `open`. */
export const closing = (all: readonly Token[], open: number): number => {
  let depth = 0;
  for (let i = open; i < all.length; i++) {
    if (all[i]?.text === '(') depth++;
    if (all[i]?.text === ')' && --depth === 0) return i;
  }
  return all.length;
};

const listItems = (all: readonly Token[]): Token[][] => {
  const items: Token[][] = [[]];
  let depth = 0;
  for (const token of all) {
    if (token.text === '(') depth++;
    if (token.text === ')') depth--;
    if (token.text === ',' && depth === 0) items.push([]);
    else (items.at(-1) as Token[]).push(token);
  }
  return items;
};

const unquoted = ({ text }: Token): string => text.slice(1, -1).replaceAll("''", "'").replace(/\\(.)/g, '$1');

/** The comments of a CREATE TABLE, by column. */
export const columnComments = (create: string): Map<string, string> => {
  const all = significant(create);
  const open = all.findIndex(({ text }) => text === '(');
  const items = listItems(all.slice(open + 1, closing(all, open)));
  return new Map(
    items.flatMap((item): [string, string][] => {
      const comment = item[item.findIndex((token) => isWord(token, 'COMMENT')) + 1];
      return item[0] && comment?.kind === 'string' ? [[nameIn(item[0]), unquoted(comment)]] : [];
    }),
  );
};

/** Names of crm.* that a statement reads. */
export const readsFrom = (sql: string): string[] => {
  const all = significant(sql);
  return all.flatMap((token, i) =>
    isWord(token, 'CRM') && all[i + 1]?.text === '.' && all[i + 2] ? [nameIn(all[i + 2] as Token)] : [],
  );
};

/** Puts `replacement` where the SQL reads FROM or JOIN `table`. */
export const reading = (sql: string, table: string, replacement: string): string => {
  const all = significant(sql);
  let result = '';
  let copied = 0;
  for (const [i, token] of all.entries()) {
    const before = all[i - 1];
    const after = all[i + 1]?.text;
    const isTable = (isWord(before, 'FROM') || isWord(before, 'JOIN')) && nameIn(token) === table;
    if (!isTable || after === '.' || after === '(') continue;
    result += sql.slice(copied, token.at) + replacement;
    copied = token.at + token.text.length;
  }
  return result + sql.slice(copied);
};

/** The CREATE TABLE under another name. */
export const createTable = (create: string, table: string): string => {
  const name = significant(create)[2] as Token;
  return create.slice(0, name.at) + table + create.slice(name.at + name.text.length);
};

const sha256 = (...texts: readonly string[]): string =>
  createHash('sha256').update(texts.map(normalized).join('\n;\n')).digest('hex');

/** Changes when rows would be others: neither with comments nor with spaces, but with the upcasters of its events. */
export const tableChecksum = ({ table }: ProjectionDefinition, upcasters: readonly string[] = []): string =>
  table
    ? sha256(table.create.replace(/\bCOMMENT\s+'(?:[^'\\]|\\.|'')*'/gi, ''), table.select, ...upcasters)
    : '';

/** Changes when the public views would say something else. */
export const viewChecksum = ({ table, views }: ProjectionDefinition): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        normalized(table?.create ?? ''),
        views.map((view) => ({ ...view, select: normalized(view.select) })),
      ]),
    )
    .digest('hex');
