import { CODES, exception } from './exception.js';

/** What is to be done for a statement, as far as the way it is run depends on it. */
export type Statement =
  | {
      /** Its answer is written where `into` says, in the format that it names or in the one given. */
      readonly kind: 'reading';
      readonly format: string | undefined;
      into(path: string, format: string): string;
    }
  | {
      /** Its rows are read from a file. */
      readonly kind: 'insert';
      from(path: string, packing: string | undefined): string;
    }
  | { readonly kind: 'other'; readonly sql: string };

const READING = /^(SELECT|WITH|FROM|SHOW|DESCRIBE|DESC|EXPLAIN|EXISTS|CHECK|\()$/;
/** A statement is short; only data behind it is long. */
export const LONGEST_HEAD = 1024 * 1024;

/** A statement without data. */
export const plainStatement = (text: string): Statement => {
  const { sql, lexemes } = single(text);
  const first = lexemes[0]?.upper ?? '';
  if (lexemes.some(({ upper }, i) => upper === 'OUTFILE' && lexemes[i - 1]?.upper === 'INTO'))
    throw notImplemented('INTO OUTFILE is not possible here: the answer comes back to you');
  if (first === 'KILL') return { kind: 'other', sql: withOurQueryIds(sql, lexemes) };
  if (!READING.test(first)) return { kind: 'other', sql };
  const at = lexemes.findLastIndex(
    ({ upper, depth }, i) =>
      upper === 'FORMAT' &&
      depth === 0 &&
      lexemes[i + 1]?.word &&
      (i + 2 === lexemes.length || lexemes[i + 2]?.upper === 'SETTINGS'),
  );
  const found = lexemes[at];
  const end = found?.at ?? sql.length;
  const rest = found && lexemes[at + 2] ? sql.slice(lexemes[at + 2]?.at) : '';
  return {
    kind: 'reading',
    format: found && lexemes[at + 1]?.text,
    into: (path, format) =>
      `${sql.slice(0, end)}\nINTO OUTFILE '${path}' APPEND\nFORMAT ${found ? lexemes[at + 1]?.text : format} ${rest}`,
  };
};

/** An INSERT with data, and what follows it; undefined for any other statement. @throws ClickHouseException */
export const insertOf = (
  text: string,
): { statement: Extract<Statement, { kind: 'insert' }>; end: number; rest: string } | undefined => {
  let previous: Lexeme | undefined;
  let settings: number | undefined;
  for (const lexeme of lex(text)) {
    const { upper, depth, word, at } = lexeme;
    if (!previous && upper !== 'INSERT') return undefined;
    if (depth === 0) {
      if (upper === 'INFILE' && previous?.upper === 'FROM')
        throw notImplemented('FROM INFILE is not possible here: send the data in the body');
      if (upper === 'SELECT' || upper === 'WITH') return undefined;
      if (upper === 'SETTINGS') settings ??= at;
      if (upper === 'VALUES') return insertAt(text, settings ?? at, at, at + lexeme.text.length, 'Values');
      if (previous?.upper === 'FORMAT' && word)
        return insertAt(text, settings ?? previous.at, previous.at, at + lexeme.text.length, lexeme.text);
    }
    previous = lexeme;
  }
  return undefined;
};

/** The file is named before the settings, which stand before the format. */
const insertAt = (text: string, file: number, formatAt: number, end: number, format: string) => ({
  end,
  rest: text.slice(end),
  statement: {
    kind: 'insert' as const,
    from: (path: string, packing: string | undefined) =>
      `${text.slice(0, file)} FROM INFILE '${path}'${packing ? ` COMPRESSION '${packing}'` : ''} ${text.slice(file, formatAt)} FORMAT ${format}`,
  },
});

/** The one statement, without what ends it. */
const single = (text: string): { sql: string; lexemes: Lexeme[] } => {
  const lexemes = [...lex(text)];
  const end = lexemes.findIndex((lexeme) => lexeme.text === ';');
  if (end < 0) return { sql: text, lexemes };
  if (lexemes.slice(end).some((lexeme) => lexeme.text !== ';'))
    throw exception(
      CODES.syntax,
      'SYNTAX_ERROR',
      `Syntax error (Multi-statements are not allowed): failed at position ${(lexemes[end]?.at ?? 0) + 1}`,
    );
  return { sql: text.slice(0, lexemes[end]?.at), lexemes: lexemes.slice(0, end) };
};

/** The engine gives every query an id of its own; the one that its sender gave stands in `log_comment`. */
const withOurQueryIds = (sql: string, lexemes: readonly Lexeme[]): string =>
  lexemes.reduceRight((changed, { text, at }, i) => {
    const [operator, value] = [lexemes[i + 1], lexemes[i + 2]];
    const compared =
      text === 'query_id' &&
      (operator?.text === '=' ? /^['{]/.test(value?.text ?? '') : operator?.upper === 'IN');
    return compared ? `${changed.slice(0, at)}${QUERY_ID}${changed.slice(at + text.length)}` : changed;
  }, sql);

/** In system.processes: the id that the sender of a query gave to it. */
export const QUERY_ID = "splitByChar('\\n', Settings['log_comment'])[1]";

const notImplemented = (text: string) => exception(CODES.notImplemented, 'NOT_IMPLEMENTED', text);

interface Lexeme {
  readonly text: string;
  readonly upper: string;
  readonly at: number;
  readonly depth: number;
  readonly word: boolean;
}

const LEXEME =
  /\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S]|``)*`|(\$\w*\$)[\s\S]*?\1|\w+|[\s\S]/gy;

/** Words, quotations and symbols, without blanks and comments, as they are asked for. */
function* lex(text: string): Generator<Lexeme> {
  let depth = 0;
  for (const { 0: own, index: at } of text.matchAll(LEXEME)) {
    if (/^(\s|--|#[ !]|\/\*.)/s.test(own)) continue;
    if (own === ')' || own === ']') depth -= 1;
    yield { text: own, upper: own.toUpperCase(), at, depth, word: /^\w/.test(own) };
    if (own === '(' || own === '[') depth += 1;
  }
}
