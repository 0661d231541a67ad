import type { CampaignReport } from '#apps/analytics/campaign-report';
import { campaignInWords } from '#apps/cli/report-command';
import { type Cell, recordsTable, table } from '#apps/cli/terminal';
import type { Request } from '#apps/simulator/player';
import type { TrueEffect } from '#apps/simulator/simulation';

type Row = Readonly<Record<string, Cell>>;

/** The three example reports, each with its title, as they stand in the terminal. */
export const exampleReports = async (
  request: Request,
  { to, effects }: { readonly to: string; readonly effects: readonly TrueEffect[] },
): Promise<string> => {
  const reports = [
    ['Who is most at risk, by the value that would be lost', await atRisk(request)],
    ['What a campaign caused', await campaign(request, to, effects)],
    ['Complaints, and those that were never made', await complaints(request)],
  ] as const;
  return reports.map(([title, text]) => `${title}\n${'='.repeat(title.length)}\n${text}\n`).join('\n');
};

const atRisk = async (request: Request): Promise<string> => {
  const rows = await sql(
    request,
    `SELECT v.customer_id AS customer, r.frequency AS purchases, r.last_purchase_on AS "last purchase",
       concat(toString(round(100 * v.churn_risk)), ' %') AS risk, v.churn_band AS band,
       toFloat64(round(v.clv, 2)) AS "value EUR", round(v.churn_risk * toFloat64(v.clv), 2) AS "at risk EUR",
       arrayStringConcat(v.signals, ', ') AS signals
     FROM crm.customer_value AS v
     LEFT ANY JOIN crm.customer_rfm AS r ON r.customer_id = v.customer_id
     WHERE v.clv IS NOT NULL AND v.churn_risk IS NOT NULL
     ORDER BY v.churn_risk * toFloat64(v.clv) DESC, v.customer_id LIMIT 10`,
  );
  return rows.length > 0
    ? recordsTable(rows)
    : 'No run of a model was published: there is too little to learn from.';
};

const REPORTED = 'come-back-to-the-trail';

const campaign = async (request: Request, to: string, effects: readonly TrueEffect[]): Promise<string> => {
  const response = await request(`/v1/reports/campaigns/${REPORTED}?asOf=${to}`);
  if (!response.ok) throw new Error(`The report of ${REPORTED} was answered with ${response.status}.`);
  const report = (await response.json()) as CampaignReport;
  const truth = effects
    .filter(({ campaignId }) => campaignId === REPORTED)
    .map(({ arm, conversion, moneyPerMember }) => {
      const found = report.analysis?.comparisons.find((comparison) => comparison.arm === arm);
      return [
        arm,
        percent(conversion),
        found && percent(found.conversion.difference),
        moneyPerMember.toFixed(2),
        found?.money.difference.toFixed(2),
      ];
    });
  return [
    campaignInWords(report),
    'The truth, which is known only because this company is made up, beside the estimate:',
    table(['arm', 'true lift', 'estimated', 'true EUR per member', 'estimated'], truth),
  ].join('\n');
};

const complaints = async (request: Request): Promise<string> => {
  const byCategory = await sql(
    request,
    `SELECT category, count() AS complaints,
       if(countIf(isNotNull(timely)) = 0, '', concat(toString(round(100 * countIf(timely) / countIf(isNotNull(timely)))), ' %')) AS "in time",
       round(avg(days_to_answer), 1) AS "days to answer", countIf(disputed) AS disputed,
       countIf(status IN ('open', 'waiting')) AS "still open", round(avg(satisfaction), 1) AS satisfaction
     FROM crm.complaints GROUP BY category ORDER BY complaints DESC, category`,
  );
  const silence = await sql(
    request,
    `SELECT if(f.complaints > 0, 'complained', 'said nothing') AS "after a failure customers",
       count() AS failures,
       concat(toString(round(100 * countIf(r.last_purchase_on > f.business_date) / count())), ' %') AS "bought again"
     FROM (SELECT business_date, complaints, arrayJoin(affected_customers) AS customer_id FROM crm.service_failures) AS f
     INNER JOIN crm.customer_rfm AS r ON r.customer_id = f.customer_id
     GROUP BY f.complaints > 0 ORDER BY f.complaints > 0`,
  );
  return `${recordsTable(byCategory)}\n${recordsTable(silence)}`;
};

const sql = async (request: Request, query: string): Promise<Row[]> => {
  const response = await request('/v1/sql?default_format=JSONEachRow', {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: query,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`A query was answered with ${response.status}: ${text}`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
