import { describe, expect, it } from '@jest/globals';
import { lintFeed } from './projection-lint.js';

const lint = (expression: string) => {
  const select = `SELECT\n  ${expression} AS x\nFROM events`;
  return lintFeed(`-- why\n${select};`, select).map(({ path, reason }) => `${path}: ${reason}`);
};

describe('a feed', () => {
  it.each([
    [`toDecimal64(d.amount, 4)`, /toDecimal64OrNull/],
    [`toUInt32(d.count)`, /toUInt32OrNull/],
    [`toDate(d.day)`, /toDate32OrNull/],
    [`toDateTime64(d.at, 3, 'UTC')`, /toDateTime64OrNull/],
    [`parseDateTimeBestEffort(d.at, 'UTC')`, /parseDateTimeBestEffortOrNull/],
    [`parseDateTimeBestEffortOrNull(d.at)`, /time zone of the process/],
    [`toStartOfMonth(occurred_at)`, /time zone of the process/],
    [`CAST(d.amount AS Decimal(18, 4))`, /accurateCastOrNull/],
    [`d.amount::Decimal(18, 4)`, /accurateCastOrNull/],
    [`intDiv(d.a, d.b)`, /throws on 0/],
    [`d.a % d.b`, /throws on 0/],
    [`throwIf(d.a = 1)`, /does not hold for every event/],
    [`JSONExtract(data, 'amount', 'Decimal(18, 4)')`, /turns what is no number into 0/],
    [`JSONExtract(data, 'Tuple(day Nullable(Date32))')`, /guesses at dates/],
    [`now()`, /other rows at every rebuild/],
    [`generateUUIDv4()`, /other rows at every rebuild/],
    [`dictGet('d', 'a', 1)`, /reads something else than events/],
    [`(SELECT max(a) FROM crm.customers)`, /reads FROM events/],
    [`row_number() OVER (ORDER BY position)`, /one batch of events only/],
  ])('must not hold %s', (expression, reason) => {
    expect(lint(expression)).toContainEqual(expect.stringMatching(reason));
    expect(lint(expression)[0]).toMatch(/^line 3: /);
  });

  it.each([
    `toDecimal64OrNull(d.total.amount, 4)`,
    `JSONExtract(data, 'Tuple(dueDate String, updated Nullable(String))')`,
    `toDate32OrNull(d.dueDate)`,
    `accurateCastOrNull(d.count, 'UInt32')`,
    `toStartOfMonth(toTimeZone(occurred_at, 'UTC'), 'UTC')`,
    `'toDecimal64(x) % now()' /* toDate(x) */`,
    `d.order`,
  ])('may hold %s', (expression) => {
    expect(lint(expression)).toEqual([]);
  });

  it('reads nothing but events', () => {
    const select = 'SELECT a FROM events JOIN crm.customers AS c ON c.id = a LIMIT 5';
    expect(lintFeed(select, select).map(({ reason }) => reason)).toEqual([
      expect.stringContaining('JOIN'),
      expect.stringContaining('LIMIT'),
    ]);
  });
});
