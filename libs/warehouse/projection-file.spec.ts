import { describe, expect, it } from '@jest/globals';
import {
  type ProjectionInvalid,
  parseProjection,
  reading,
  tableChecksum,
  viewChecksum,
} from './projection-file.js';

const TABLE = `CREATE TABLE sales (a Int8 COMMENT 'A; (a), b') ENGINE = MergeTree ORDER BY a COMMENT 'Sales''s table';`;
const SELECT = `SELECT 1 AS a FROM events;`;
const VIEW = `CREATE VIEW sales (a COMMENT 'What it is', b Decimal(18, 4) COMMENT 'B') COMMENT 'Sales' AS SELECT a FROM sales;`;

const parse = (...parts: readonly string[]) => parseProjection('/x/sales.sql', parts.join('\n'));
const problem = (...parts: readonly string[]) => {
  try {
    parse(...parts);
  } catch (error) {
    return (error as ProjectionInvalid).fields[0];
  }
  return undefined;
};

describe("a projection's file", () => {
  it('says what a row is, makes the table, feeds it, and shows it', () => {
    expect(parse('-- A row is a sale,', '-- once.', TABLE, SELECT, VIEW)).toMatchObject({
      name: 'sales',
      purpose: 'A row is a sale,\nonce.',
      table: { engine: 'MergeTree', select: 'SELECT 1 AS a FROM events' },
      views: [
        {
          name: 'sales',
          comment: 'Sales',
          columns: [
            { name: 'a', comment: 'What it is' },
            { name: 'b', type: 'Decimal(18, 4)', comment: 'B' },
          ],
          select: 'SELECT a FROM sales',
        },
      ],
    });
  });

  it('shows all rows when it says nothing else', () => {
    expect(parse('-- Sales.', TABLE, SELECT).views).toEqual([
      { name: 'sales', comment: "Sales's table", columns: [], select: 'SELECT * FROM sales' },
    ]);
  });

  it('may be nothing but views', () => {
    const { table, ...views } = parse('-- Sales.', VIEW);
    expect(table).toBeUndefined();
    expect(views).toMatchObject({ views: [{ name: 'sales' }] });
  });

  it.each([
    ['no comment at its head', [TABLE, SELECT], 1, /must begin with a comment/],
    ['no table', ['-- Sales.', SELECT], 1, /first statement must be CREATE TABLE sales/],
    ['another table', ['-- Sales.', TABLE.replace('sales', 'others'), SELECT], 1, /CREATE TABLE sales/],
    ['no SELECT', ['-- Sales.', TABLE], 1, /SELECT/],
    [
      'an engine that keeps nothing',
      ['-- Sales.', TABLE.replace('MergeTree', 'Log'), SELECT],
      1,
      /MergeTree/,
    ],
    ['a statement too many', ['-- Sales.', TABLE, SELECT, SELECT], 1, /only CREATE VIEW may follow/],
    ['a view without a comment', ['-- Sales.', 'CREATE VIEW sales AS SELECT 1'], 1, /no COMMENT/],
    [
      'no view of its own',
      ['-- Sales.', VIEW.replace('VIEW sales', 'VIEW others')],
      1,
      /CREATE VIEW sales is missing/,
    ],
    ['an open quote', ['-- Sales.', TABLE, "SELECT 'a FROM events"], 3, /not closed/],
  ])('is refused with %s', (_what, parts, line, reason) => {
    expect(problem(...parts)).toEqual({ path: `line ${line}`, reason: expect.stringMatching(reason) });
  });

  it('is named like a view', () => {
    expect(() => parseProjection('/x/Sales.sql', '')).toThrow(/named like the view/);
    expect(() => parseProjection('/x/sales_v1.sql', '')).toThrow(/named like the view/);
  });

  it('means other rows when the table or the SELECT says something else, and only then', () => {
    const before = parse('-- Sales.', TABLE, SELECT, VIEW);
    const reworded = parse(
      '-- All sales.',
      TABLE.replace('A; (a), b', 'Another'),
      SELECT.replace(' FROM', '\n-- x\n  FROM'),
      VIEW,
    );
    expect(tableChecksum(reworded)).toBe(tableChecksum(before));
    expect(viewChecksum(reworded)).not.toBe(viewChecksum(before));
    const changed = parse('-- Sales.', TABLE, SELECT.replace('1', '2'), VIEW);
    expect(tableChecksum(changed)).not.toBe(tableChecksum(before));
    expect(viewChecksum(changed)).toBe(viewChecksum(before));
    expect(tableChecksum(before, ['an upcaster'])).not.toBe(tableChecksum(before));
  });

  it('means its own table by its own name', () => {
    const sql =
      "SELECT sales.a, 'FROM sales' FROM sales AS sales JOIN crm.sales ON a IN (SELECT a FROM `sales`)";
    expect(reading(sql, 'sales', 'crm.sales_v2')).toBe(
      "SELECT sales.a, 'FROM sales' FROM crm.sales_v2 AS sales JOIN crm.sales ON a IN (SELECT a FROM crm.sales_v2)",
    );
  });
});
