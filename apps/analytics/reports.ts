import { notFound } from '#eventing/errors';
import type { ReadOnlyWarehouse } from '#warehouse/read-only';

/** A list that an analyst reads page by page; its SELECT is on public views. */
interface ListReport {
  readonly select: string;
  /** Columns that it may be sorted by; the first is the default, downwards. */
  readonly sortable: readonly string[];
  /** Makes the order complete, so that pages neither overlap nor leave gaps. */
  readonly key: string;
}

const reports: Readonly<Record<string, ListReport>> = {
  customers: {
    select: `SELECT c.customer_id AS customer_id, c.stage AS stage, c.kind AS kind, c.registered_on AS registered_on,
        toDate(c.closed_at) AS closed_on, if(r.customer_id = '', 0, r.frequency) AS purchases,
        if(r.customer_id = '', NULL, r.last_purchase_on) AS last_purchase_on,
        if(r.customer_id = '', NULL, r.monetary) AS revenue, r.currency AS currency, v.clv AS clv, v.clv_currency AS clv_currency,
        v.churn_risk AS churn_risk, v.churn_band AS churn_band, v.signals AS signals
      FROM crm.customers AS c
      LEFT JOIN crm.customer_rfm AS r ON r.customer_id = c.customer_id
      LEFT ANY JOIN crm.customer_value AS v ON v.customer_id = c.customer_id`,
    sortable: ['revenue', 'purchases', 'last_purchase_on', 'clv', 'churn_risk', 'customer_id'],
    key: 'customer_id, currency',
  },
  clv: {
    select: `SELECT customer_id, clv, clv_low, clv_high, clv_currency, clv_as_of, expected_purchases, expected_spend,
        p_alive, churn_risk, churn_band, clv_run_id
      FROM crm.customer_value WHERE clv IS NOT NULL`,
    sortable: ['clv', 'expected_purchases', 'expected_spend', 'p_alive', 'churn_risk', 'customer_id'],
    key: 'customer_id',
  },
  churn: {
    select: `SELECT customer_id, churn_risk, churn_band, churn_horizon_days, churn_as_of, signals, clv, clv_currency,
        churn_run_id
      FROM crm.customer_value WHERE churn_risk IS NOT NULL`,
    sortable: ['churn_risk', 'clv', 'customer_id'],
    key: 'customer_id',
  },
};

export interface PageRequest {
  readonly limit: number;
  readonly offset: number;
  /** A column, with a minus sign in front for downwards. */
  readonly sort?: string;
}

export interface Page {
  readonly total: number;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

export const MAX_PAGE = 10_000;

const pageQuery = (name: string, { limit, offset, sort }: PageRequest): { sql: string; count: string } => {
  const report = reports[name];
  if (!report) throw notFound('no-such-report', `There is no report ${name}.`);
  const [first] = report.sortable;
  const asked = sort ?? `-${first}`;
  const column = asked.replace(/^-/, '');
  if (!report.sortable.includes(column))
    throw notFound(
      'no-such-column',
      `${name} is sorted by ${report.sortable.join(', ')}, with - in front for downwards.`,
    );
  const direction = asked.startsWith('-') ? 'DESC' : 'ASC';
  return {
    sql: `SELECT * FROM (${report.select}) ORDER BY ${column} ${direction} NULLS LAST, ${report.key}
      LIMIT ${limit} OFFSET ${offset}`,
    count: `SELECT count() AS total FROM (${report.select})`,
  };
};

export const reportPage = async (
  warehouse: ReadOnlyWarehouse,
  name: string,
  request: PageRequest,
): Promise<Page> => {
  const { sql, count } = pageQuery(name, request);
  const [counted] = await warehouse.rows<{ total: number }>(count);
  return { total: counted?.total ?? 0, items: await warehouse.rows(sql) };
};

/** The same page as CSV, with a head line. */
export const reportCsv = (warehouse: ReadOnlyWarehouse, name: string, request: PageRequest) =>
  warehouse.query(pageQuery(name, request).sql, 'CSVWithNames');
