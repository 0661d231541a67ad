/** What a piece of SQL is made of, as ClickHouse's own lexer sees it; joined together, the texts give the SQL again. */
export interface Token {
  readonly kind: 'space' | 'comment' | 'string' | 'quoted' | 'word' | 'symbol';
  readonly text: string;
  /** Offset in the SQL. */
  readonly at: number;
}

/** SQL that cannot be cut into tokens for sure: an open quote, a character ClickHouse may read in its own way. */
export class SqlTextError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
    this.name = 'SqlTextError';
  }
}

const SPACE = /[ \t\n\r\f\v]+/y;
const WORD = /[A-Za-z0-9_]+/y;
const ENCLOSED: Readonly<Record<string, Token['kind']>> = { "'": 'string', '"': 'quoted', '`': 'quoted' };

export const tokens = (sql: string): Token[] => {
  const found: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const [kind, end] = tokenAt(sql, at);
    found.push({ kind, text: sql.slice(at, end), at });
    at = end;
  }
  return found;
};

const tokenAt = (sql: string, at: number): [Token['kind'], number] => {
  const space = match(SPACE, sql, at);
  if (space) return ['space', space];
  const word = match(WORD, sql, at);
  if (word) return ['word', word];
  if (sql.startsWith('--', at)) return ['comment', lineEnd(sql, at)];
  if (sql.startsWith('/*', at)) return ['comment', blockEnd(sql, at)];
  const character = sql[at] as string;
  const enclosed = ENCLOSED[character];
  if (enclosed) return [enclosed, quoteEnd(sql, at, character)];
  // Here ClickHouse knows more forms: here-documents, comments with #, typographic quotes and spaces.
  if (!/[!%&()*+,\-./:;<=>?@[\]^{|}~]/.test(character))
    throw new SqlTextError(`The character ${character} may stand in quotes only.`, at);
  return ['symbol', at + 1];
};

const match = (pattern: RegExp, sql: string, at: number): number | undefined => {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : undefined;
};

const lineEnd = (sql: string, at: number): number => {
  const end = sql.indexOf('\n', at);
  return end < 0 ? sql.length : end + 1;
};

const blockEnd = (sql: string, at: number): number => {
  const end = sql.indexOf('*/', at + 2);
  if (end < 0) throw new SqlTextError('A comment is not closed.', at);
  if (sql.slice(at + 2, end).includes('/*')) throw new SqlTextError('A comment stands inside a comment.', at);
  return end + 2;
};

const quoteEnd = (sql: string, at: number, quote: string): number => {
  for (let i = at + 1; i < sql.length; i++) {
    if (sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  throw new SqlTextError(`A quotation that begins with ${quote} is not closed.`, at);
};

const isBlank = (token: Token): boolean => token.kind === 'space' || token.kind === 'comment';

/** The statements of a file, each with the comments before it, without the semicolons. */
export const statements = (sql: string): string[] => {
  const found: Token[][] = [[]];
  for (const token of tokens(sql)) {
    if (token.kind === 'symbol' && token.text === ';') found.push([]);
    else (found.at(-1) as Token[]).push(token);
  }
  return found
    .filter((statement) => !statement.every(isBlank))
    .map((statement) =>
      statement
        .map(({ text }) => text)
        .join('')
        .trim(),
    );
};

/** The tokens that mean something. */
export const significant = (sql: string): Token[] => tokens(sql).filter((token) => !isBlank(token));

/** The same for two texts that differ in nothing but comments, line breaks and indentation. */
export const normalized = (sql: string): string =>
  significant(sql)
    .map(({ text }) => text)
    .join(' ');

/** An identifier without its quotes. */
export const nameIn = (token: Token): string =>
  token.kind === 'quoted' ? token.text.slice(1, -1) : token.text;

/** 1 for the first line. */
export const lineOf = (sql: string, at: number): number => sql.slice(0, at).split('\n').length;
