import { describe, expect, it } from '@jest/globals';
import { normalized, SqlTextError, statements, tokens } from './sql-text.js';

describe('SQL text', () => {
  it('is cut into statements where a semicolon is one', () => {
    expect(
      statements(`-- why; not what\nSELECT ';', "a;b", \`c;\` /* ; */;\n\nSELECT 'it''s; \\'so\\''; -- end;`),
    ).toEqual([`-- why; not what\nSELECT ';', "a;b", \`c;\` /* ; */`, `SELECT 'it''s; \\'so\\''`]);
  });

  it('is the same when only comments and spaces differ', () => {
    expect(normalized('SELECT  a,\n b -- the second\nFROM t')).toBe(normalized('SELECT a, b FROM t'));
    expect(normalized(`SELECT 'a  b'`)).not.toBe(normalized(`SELECT 'a b'`));
  });

  it('loses nothing', () => {
    const sql = `WITH x AS (SELECT {p:String}) SELECT *, -1e-5 AS "größer" FROM x -- done`;
    expect(
      tokens(sql)
        .map(({ text }) => text)
        .join(''),
    ).toBe(sql);
  });

  it.each([
    `SELECT 'open`,
    'SELECT /* open',
    'SELECT $$x$$',
    'SELECT “x”',
    'SELECT\u00a01',
    '# x',
    '/* /* */ */',
  ])('refuses what ClickHouse may read otherwise: %s', (sql) =>
    expect(() => tokens(sql)).toThrow(SqlTextError),
  );
});
