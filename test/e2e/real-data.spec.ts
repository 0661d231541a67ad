import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Server, startServer } from '#apps/standalone/server';
import { loadConfiguration } from '#platform/configuration';
import { packageRoot } from '#platform/package-root';
import { perennial } from '#test/support/cli';
import { describeWithData } from '#test/support/shared-data';

/** Public data through the command line, a running server and the warehouse: what a user would do. */
const CLV = [36.274, 4.641, 8.345, 8.345, 8.345, 283.558, 6.882, 8.345, 43.359, 8.345];
const SLOW = 300_000;

describe('real data, from file to figure', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let server: Server;
  let url: string;
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await perennial(...args, '--url', url, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  const rows = async (sql: string) => {
    const { stdout } = await perennial('sql', sql, '--url', url, '--json');
    return stdout.split('\n').map((line) => JSON.parse(line));
  };
  const landed = async () => {
    const lag = async () => {
      const answer = await fetch(`${url}/v1/admin/projections`);
      return ((await answer.json()) as { freshness: { lagEvents: number } }).freshness.lagEvents;
    };
    while ((await lag()) > 0) await new Promise(setImmediate);
  };

  beforeAll(async () => {
    const data = join(dir, 'data');
    server = await startServer(
      loadConfiguration({ PERENNIAL_LOG_LEVEL: 'fatal' }, { port: 0, dataDirectory: data }),
    );
    url = server.url;
  }, SLOW);
  afterAll(async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  });

  describe('CDNOW', () => {
    const file = join(dir, 'cdnow.csv');
    const mapping = ['--map', 'customerId=customer_id,occurredAt=date,total=amount', '--currency', 'USD'];

    it(
      'is imported once, however often it is imported',
      async () => {
        copyFileSync(join(packageRoot(), 'test/fixtures/cdnow/cdnow_sample.csv'), file);
        const dry = await json('import', 'purchases', file, ...mapping, '--dry-run');
        expect(dry).toMatchObject({ rows: 6919, refusedRows: 0, dryRun: true });
        const first = await json('import', 'purchases', file, ...mapping);
        expect(first).toMatchObject({
          rows: 6919,
          accepted: 6919,
          repeated: 0,
          refusedRows: 0,
          refusedFile: null,
        });
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
        const again = await json('import', 'purchases', `${file}.gz`, ...mapping);
        expect(again).toMatchObject({ rows: 6919, accepted: 0, repeated: 6919 });
        await landed();
        expect(await rows('SELECT count() AS n, sum(total) AS sum FROM crm.purchases')).toEqual([
          { n: 6919, sum: 244_091.94 },
        ]);
      },
      SLOW,
    );

    it(
      'gives the published customer lifetime values',
      async () => {
        const run = await json('model', 'run', 'clv', '--as-of', '1997-09-30', '--time-unit', 'week');
        expect(run).toMatchObject({
          model: 'bg-nbd',
          asOf: '1997-09-30',
          timeUnit: 'week',
          customers: 2357,
          monetary: { model: 'gamma-gamma', customers: 946 },
          published: true,
        });
        const rounded = ({ parameters }: { parameters: Record<string, number> }) =>
          Object.fromEntries(
            Object.entries(parameters).map(([name, value]) => [name, Number(value.toPrecision(3))]),
          );
        expect(rounded(run)).toEqual({ r: 0.243, alpha: 4.41, a: 0.793, b: 2.43 });
        expect(rounded(run.monetary)).toEqual({ p: 6.25, q: 3.74, gamma: 15.4 });
        expect(run.logLikelihood).toBeCloseTo(-9582.429, 2);
        expect(run.monetary.logLikelihood).toBeCloseTo(-4055.918, 2);
        const values = await rows('SELECT clv FROM crm.customer_value ORDER BY customer_id LIMIT 10');
        for (const [i, { clv }] of values.entries())
          expect(Math.abs(Number(clv) / (CLV[i] as number) - 1)).toBeLessThan(0.001);
        const report = await json('report', 'clv', '--limit', '1');
        expect(report).toMatchObject({ total: 2357, freshness: { lagEvents: 0 } });
        expect(report.items).toHaveLength(1);
        const customers = await json('report', 'customers', '--sort', '-purchases', '--limit', '2');
        expect(customers).toMatchObject({ total: 2357, items: [{ currency: 'USD' }, { currency: 'USD' }] });
      },
      SLOW,
    );

    it(
      'gives churn risks, and a report of them as CSV',
      async () => {
        expect(await json('model', 'run', 'churn', '--as-of', '1998-06-30')).toMatchObject({
          published: true,
        });
        const { stdout } = await perennial('report', 'churn', '--limit', '3', '--csv', '--url', url);
        expect(stdout.split('\n')[0]).toContain('"customer_id"');
        expect(stdout.split('\n').filter((line) => line !== '')).toHaveLength(4);
      },
      SLOW,
    );
  });

  describe('bad input', () => {
    it('stands in a file beside, with line and reason; the rest is in', async () => {
      const file = join(dir, 'bad.csv');
      writeFileSync(
        file,
        'id,who,day,sum\n1,C-1,2024-05-01,5.00\n2,C-2,2024-02-30,5.00\n3,C-3,2024-05-01,five\n',
      );
      const map = 'orderId=id,customerId=who,occurredAt=day,total=sum';
      const args = ['import', 'purchases', file, '--map', map, '--currency', 'USD', '--url', url, '--json'];
      const { code, stdout } = await perennial(...args);
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({ rows: 3, accepted: 1, refusedRows: 2 });
      const refused = readFileSync(join(dir, 'bad.rejected.csv'), 'utf8');
      expect(refused).toMatch(/^line,code,reason,id,who,day,sum\n3,.*occurredAt.*\n4,.*total\.amount/);
    });

    it('is named before anything is sent', async () => {
      const file = join(dir, 'bad.csv');
      const wrong = await perennial(
        'import',
        'purchases',
        file,
        '--map',
        'customer=who,occurredAt=dya',
        '--url',
        url,
      );
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toMatch(/no field customer .*no column 'dya'/s);
      expect((await perennial('sql', 'DROP TABLE crm.events', '--url', url)).code).toBe(1);
      expect((await perennial('report', 'campaign', 'no-such', '--url', url)).stderr).toMatch(/no-such/);
      expect(
        (await perennial('import', 'purchases', join(dir, 'none.csv'), '--map', 'a=b', '--url', url)).code,
      ).toBe(1);
    });

    it('a directory in use is refused by name', async () => {
      const { code, stderr } = await perennial('verify', '--data', join(dir, 'data'));
      expect(code).toBe(1);
      expect(stderr).toContain(`--url ${url}`);
    });
  });

  describeWithData('Hillstrom', 'hillstrom/hillstrom.csv', (path) => {
    it(
      'gives the published lifts, through the warehouse',
      async () => {
        const summary = await json(
          'import',
          'campaigns',
          path,
          '--map',
          'arm=segment,outcome.visits=visit,outcome.conversions=conversion,outcome.spend=spend',
          '--set',
          'campaignId=hillstrom,name=E-mail test,goal=reactivation,phase=retention,channel=email',
          '--set',
          'launchedAt=2008-03-20,control=No E-Mail,outcomeWindowDays=14',
          '--currency',
          'USD',
          '--refused',
          join(dir, 'hillstrom.rejected.csv'),
        );
        expect(summary).toMatchObject({ rows: 64_000, refusedRows: 0 });
        await landed();
        const { analysis, state, arms } = await json('report', 'campaign', 'hillstrom');
        expect(state).toBe('final');
        expect(arms.map(({ arm, assigned }: { arm: string; assigned: number }) => [arm, assigned])).toEqual([
          ['control', 21_306],
          ['Mens E-Mail', 21_307],
          ['Womens E-Mail', 21_387],
        ]);
        expect(analysis.arms.map(({ money }: { money: number }) => Number(money.toFixed(2)))).toEqual([
          13_908.33, 30_311.69, 23_038.11,
        ]);
        const [mens, womens] = analysis.comparisons;
        expect(mens.money.difference).toBeCloseTo(0.7698272, 6);
        expect(mens.money.standardError).toBeCloseTo(0.1452466, 6);
        expect(mens.money.interval.low).toBeCloseTo(0.485144, 4);
        expect(mens.money.interval.high).toBeCloseTo(1.05451, 4);
        expect(mens.money.welchInterval.low).toBeCloseTo(0.48514, 5);
        expect(womens.money.difference).toBeCloseTo(0.4244122, 6);
        expect(womens.money.interval.low).toBeCloseTo(0.16896, 4);
        expect(mens.rates.visit.difference).toBeCloseTo(0.0765896, 6);
        expect(mens.conversion.difference).toBeCloseTo(0.006805, 6);
        expect(analysis.sampleRatio.alarm).toBe(false);
      },
      SLOW,
    );
  });

  describeWithData('CFPB complaints', 'cfpb/complaints_2014-10.csv', (path) => {
    it(
      'gives the counts of the file, by SQL',
      async () => {
        const summary = await json(
          'import',
          'complaints',
          path,
          '--map',
          'complaintId=Complaint ID,occurredAt=Date received,sentAt=Date sent to company,sentTo=Company',
          '--map',
          'category=Issue,subcategory=Sub-issue,product=Product,subproduct=Sub-product,channel=Submitted via',
          '--map',
          'outcome=Company response,timely=Timely response?,disputed=Consumer disputed?',
          '--set',
          'category=not stated',
          '--date-format',
          'MM/dd/yyyy',
          '--refused',
          join(dir, 'cfpb.rejected.csv'),
        );
        expect(summary).toMatchObject({ rows: 8340, refusedRows: 0 });
        await landed();
        const [counts] = await rows(
          `SELECT count() AS n, countIf(timely) AS in_time, countIf(NOT timely) AS late, countIf(disputed) AS contested,
             round(avg(days_to_send_on), 4) AS days, max(days_to_send_on) AS most FROM crm.complaints`,
        );
        expect(counts).toEqual({
          n: 8340,
          in_time: 8179,
          late: 161,
          contested: 1047,
          days: 2.8632,
          most: 28,
        });
        const outcomes = await rows(
          'SELECT outcome, count() AS n FROM crm.complaints GROUP BY outcome ORDER BY n DESC',
        );
        expect(outcomes.map(({ n }: { n: number }) => n)).toEqual([5075, 1759, 873, 399, 137, 97]);
      },
      SLOW,
    );
  });

  it(
    'and both stores agree in the end',
    async () => {
      expect(await json('verify')).toMatchObject({ agrees: true, differing: 0 });
      expect(existsSync(join(dir, 'data', 'lock'))).toBe(true);
    },
    SLOW,
  );
});
