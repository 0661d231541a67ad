import type { FieldProblem } from '#eventing/errors';
import { closing, type ProjectionDefinition, ProjectionInvalid } from './projection-file.js';
import { lineOf, nameIn, significant, type Token } from './sql-text.js';

/**
 * A feed runs inside every insert of events: one that throws holds up the pipeline, one that reads more than the
 * events of its batch is not the same when it is rebuilt. @throws ProjectionInvalid
 */
export const checkProjection = (definition: ProjectionDefinition): void => {
  const problems = definition.table ? lintFeed(definition.sql, definition.table.select) : [];
  if (problems.length > 0) throw new ProjectionInvalid(definition.file, problems);
};

const THROWS =
  /^(to(Decimal|U?Int|Float|BFloat)\d+|to(Date|Date32|DateTime|DateTime32|DateTime64|UUID|IPv4|IPv6|Bool|Interval\w+|FixedString)|parseDateTime\w*|accurateCast|cast|reinterpret\w*)$/i;
const SAFE = /(OrNull|OrZero|OrDefault)$/;
const BY_ZERO = /^(intDiv|modulo|moduloLegacy|positiveModulo|divideDecimal|gcd|lcm)$/i;
const CHANGING =
  /^(now|now64|today|yesterday|nowInBlock|rand\w*|generate(UUID|ULID|Snowflake)\w*|fuzz\w+|rowNumberIn\w+|blockNumber|hostName|queryID)$/i;
const LOOKS_ELSEWHERE = /^(dictGet\w*|joinGet\w*|file|url|s3|remote\w*|cluster\w*|numbers\w*)$/i;
const NEEDS_ZONE =
  /^(parseDateTime(32|64)?BestEffort(US)?(OrNull|OrZero)|toDateTime(32)?OrNull|toDateTime(32)?OrZero|toStartOf\w+|toYYYYMM\w*|formatDateTime)$/i;
const ZONES = /^'(UTC|[A-Z][A-Za-z_]+\/[A-Za-z_/]+)'$/;
const BATCH_ONLY = new Set(['ORDER', 'LIMIT', 'DISTINCT', 'OVER', 'OFFSET']);

/** What must not stand in the SELECT that feeds a projection, each with its line in the file and the reason. */
export const lintFeed = (file: string, select: string): FieldProblem[] => {
  const all = significant(select);
  const start = file.indexOf(select);
  return all.flatMap((token, i) => {
    const reason = problemAt(all, i);
    return reason ? [{ path: `line ${lineOf(file, start + token.at)}`, reason }] : [];
  });
};

const problemAt = (all: readonly Token[], i: number): string | undefined => {
  const token = all[i] as Token;
  const before = all[i - 1]?.text.toUpperCase();
  if (token.text === ':' && before === ':')
    return ':: throws on what it cannot convert: use accurateCastOrNull';
  if (token.text === '%') return '% throws on 0: use moduloOrNull';
  if (token.kind !== 'word' && token.kind !== 'quoted') return undefined;
  if (before === 'FROM' && token.text !== 'events')
    return `a projection reads FROM events, not from ${nameIn(token)}: a rebuild must give the same rows`;
  if (before === '.') return undefined;
  const word = token.text.toUpperCase();
  if (word === 'JOIN') return 'a JOIN reads what happens to be there at the time: join in the view instead';
  if (BATCH_ONLY.has(word) && before !== 'AS')
    return `${word} sees one batch of events only: put it into the view`;
  return all[i + 1]?.text === '('
    ? problemOfCall(nameIn(token), all.slice(i + 2, closing(all, i + 1)))
    : undefined;
};

const problemOfCall = (name: string, args: readonly Token[]): string | undefined => {
  if (THROWS.test(name) && !SAFE.test(name))
    return `${name} throws on what it cannot convert: use ${instead(name)}`;
  if (BY_ZERO.test(name)) return `${name} throws on 0: use ${name}OrNull`;
  if (/^(throwIf|assumeNotNull)$/i.test(name)) return `${name} does not hold for every event`;
  if (CHANGING.test(name))
    return `${name} gives other rows at every rebuild: take the time or the id from the event`;
  if (LOOKS_ELSEWHERE.test(name)) return `${name} reads something else than events: join in the view instead`;
  if (/^JSON_?Extract/i.test(name)) return problemOfExtract(name, args);
  if (NEEDS_ZONE.test(name) && !args.some(({ text }) => ZONES.test(text)))
    return `${name} follows the time zone of the process: name the zone, 'UTC'`;
  return undefined;
};

const instead = (name: string): string => {
  if (/^(cast|accurateCast|reinterpret)/i.test(name)) return 'accurateCastOrNull';
  return /^toDate(32)?$/i.test(name) ? 'toDate32OrNull' : `${name}OrNull`;
};

const problemOfExtract = (name: string, args: readonly Token[]): string | undefined => {
  const type = args.find(({ kind, text }) => kind === 'string' && /\b(Decimal|Date)/.test(text));
  if (/\bDecimal/.test(type?.text ?? ''))
    return `${name} turns what is no number into 0: extract a Nullable(String), then toDecimal64OrNull`;
  return type ? `${name} guesses at dates: extract a Nullable(String), then toDate32OrNull` : undefined;
};
