import { nameIn, significant, type Token } from './sql-text.js';

/**
 * What a statement becomes on a cluster of this name. All SQL of this program is written for one server; what a
 * cluster is sent is made from it here and nowhere else, so migrations, projections and the ledger know nothing of it:
 * - DDL runs `ON CLUSTER`; what is dropped is gone when the statement ends (SYNC), in Keeper, too.
 * - Tables of the MergeTree family are replicated. They forget a deduplication token by count, never by age, and a
 *   table that remembers none on one server remembers none here.
 * Tables of one computation stay as they are, on the server that computes.
 * @throws Error for DDL of a form that is not known here
 */
export const forCluster = (sql: string, cluster: string): string => {
  const all = significant(sql);
  const verb = upper(all[0]);
  if (!DDL.has(verb)) return sql;
  const onCluster = ` ON CLUSTER \`${cluster}\``;
  if (verb === 'RENAME' || verb === 'EXCHANGE') return edited(sql, [after(all.at(-1), onCluster)]);
  const subject = subjectOf(all, sql);
  if (staysHere(subject)) return sql;
  const rest = outsideBrackets(all.slice(subject.end));
  return edited(sql, [
    after(all[subject.end - 1], onCluster),
    ...(verb === 'DROP' && subject.kind !== 'FUNCTION' ? dropping(all, rest) : []),
    ...(verb === 'CREATE' && subject.kind !== 'FUNCTION' ? replicated(subject, rest, all, sql) : []),
    ...windows(rest),
  ]);
};

const DDL = new Set(['CREATE', 'ALTER', 'DROP', 'DETACH', 'ATTACH', 'TRUNCATE', 'RENAME', 'EXCHANGE']);
const KINDS = new Set(['DATABASE', 'TABLE', 'VIEW', 'FUNCTION']);
const BEFORE_THE_NAME = new Set(['OR', 'REPLACE', 'MATERIALIZED']);

/** By name, so that a server that is added later finds them; each server fills in its own {shard} and {replica}. */
const REPLICA = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'";
const PLAIN_ENGINE = /^(?!Replicated|Shared)\w*MergeTree$/;
const WINDOW = 'non_replicated_deduplication_window';
/** Longer than anything lasts: by default the engine forgets a token after an hour, whatever the window. */
const TOKEN_SECONDS = 10 * 365 * 24 * 3600;

/** What a statement makes, changes or drops. */
interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly ifExists: boolean;
  /** The place of the token after its name. */
  readonly end: number;
}

const subjectOf = (all: readonly Token[], sql: string): Subject => {
  let i = 1;
  while (BEFORE_THE_NAME.has(upper(all[i]))) i++;
  const kind = upper(all[i++]);
  if (!KINDS.has(kind)) throw unknown(sql);
  const ifExists = upper(all[i]) === 'IF';
  if (ifExists) i += upper(all[i + 1]) === 'NOT' ? 3 : 2;
  const start = i;
  i += all[i + 1]?.text === '.' ? 3 : 1;
  const name = all.slice(start, i).map(nameIn).join('');
  if (name === '' || i > all.length) throw unknown(sql);
  return { kind, name, ifExists, end: i };
};

/** Scratch tables, and the copies by which a rebuild is checked; a copy that was left over may be on any server. */
const staysHere = ({ name, ifExists }: Subject): boolean =>
  /^crm\.scratch_\w+$/.test(name) || (/^crm\.\w+_v\d+_check(_expected)?$/.test(name) && !ifExists);

const dropping = (all: readonly Token[], rest: readonly Token[]): Edit[] =>
  rest.some((token) => upper(token) === 'SYNC') ? [] : [after(all.at(-1), ' SYNC')];

const replicated = (
  { kind }: Subject,
  rest: readonly Token[],
  all: readonly Token[],
  sql: string,
): Edit[] => {
  const at = rest.findIndex((token) => upper(token) === 'ENGINE');
  // A table without an engine takes that of another one, and with it the other one's place in Keeper.
  if (at < 0 && kind === 'TABLE') throw unknown(sql);
  const engine = rest[rest[at + 1]?.text === '=' ? at + 2 : at + 1];
  if (at < 0 || !engine || !PLAIN_ENGINE.test(engine.text)) return [];
  if (kind !== 'TABLE') throw unknown(sql);
  const [open, first] = all.slice(all.indexOf(engine) + 1);
  const edits = [before(engine, 'Replicated')];
  if (open?.text !== '(') edits.push(after(engine, `(${REPLICA})`));
  else edits.push(after(open, first?.text === ')' ? REPLICA : `${REPLICA}, `));
  const clauses = rest.slice(at);
  if (clauses.some(({ text }) => text === WINDOW)) return edits;
  const none = 'replicated_deduplication_window = 0';
  const settings = clauses.find((token) => upper(token) === 'SETTINGS');
  if (settings) return [...edits, after(settings, ` ${none},`)];
  const next = clauses.find((token) => upper(token) === 'COMMENT' || upper(token) === 'AS');
  return [...edits, next ? before(next, `SETTINGS ${none} `) : after(all.at(-1), ` SETTINGS ${none}`)];
};

const windows = (rest: readonly Token[]): Edit[] =>
  rest
    .filter(({ text }) => text === WINDOW)
    .map(({ at, text }) => ({
      at,
      length: text.length,
      text: `replicated_deduplication_window_seconds = ${TOKEN_SECONDS}, replicated_deduplication_window`,
    }));

const outsideBrackets = (all: readonly Token[]): Token[] => {
  let depth = 0;
  return all.filter(({ text }) => {
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    return depth === 0 && text !== ')';
  });
};

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const before = (token: Token, text: string): Edit => ({ at: token.at, length: 0, text });

const after = (token: Token | undefined, text: string): Edit => ({
  at: (token?.at ?? 0) + (token?.text.length ?? 0),
  length: 0,
  text,
});

/** Edits at the same place stand in their order. */
const edited = (sql: string, edits: readonly Edit[]): string =>
  edits
    .toReversed()
    .toSorted((a, b) => b.at - a.at)
    .reduce((text, edit) => text.slice(0, edit.at) + edit.text + text.slice(edit.at + edit.length), sql);

const upper = (token: Token | undefined): string => (token?.kind === 'word' ? token.text.toUpperCase() : '');

const unknown = (sql: string): Error =>
  new Error(`How a cluster is sent this statement is not known: ${sql.slice(0, 120)}`);
