import type { RecordedEvent } from '#eventing/event';
import type { Warehouse } from '#warehouse/warehouse';
import { customerStates, type Finding } from './standalone-checker.js';

// What the public views must show, worked out from the events once more and in another way than ClickHouse does it.

/** The rows of a view, each as a text by which it is known; the same text twice for two equal rows. */
export type Rows = readonly string[];

interface View {
  /** Gives the one column `row`. */
  readonly sql: string;
  expected(company: Company): Rows;
}

/** The events, and what follows from them for all views. */
interface Company {
  readonly events: readonly RecordedEvent[];
  /** Streams whose fact was voided; of returns, with the return. */
  readonly voided: ReadonlySet<string>;
  survivor(customerId: string | null): string;
}

type Fields = Readonly<Record<string, string>>;

const row = ({ position, metadata }: RecordedEvent, { survivor }: Company): string =>
  `${position} ${survivor(metadata.customerId)}`;

const facts =
  (types: RegExp, withVoided = false) =>
  (company: Company): Rows =>
    company.events
      .filter((event) => types.test(event.type) && (withVoided || !company.voided.has(factOf(event))))
      .map((event) => row(event, company));

const factOf = ({ stream, type, data }: RecordedEvent): string =>
  /^Return/.test(type) ? `${stream} ${(data as Fields).returnId}` : stream;

const POSITION_AND_CUSTOMER = "concat(toString(position), ' ', customer_id)";
const from = (view: string): string => `SELECT ${POSITION_AND_CUSTOMER} AS row FROM crm.${view}`;
const COMPLAINT = /^(Complaint|RedressGranted|SatisfactionReported)/;

export const VIEWS: Readonly<Record<string, View>> = {
  events: {
    sql: "SELECT concat(toString(position), ' ', toString(event_id)) AS row FROM crm.events",
    expected: ({ events }) => events.map(({ position, id }) => `${position} ${id}`),
  },
  purchases: { sql: from('purchases'), expected: facts(/^PurchaseRecorded$/) },
  purchase_lines: {
    sql: from('purchase_lines'),
    expected: (company) =>
      company.events
        .filter((event) => event.type === 'PurchaseRecorded' && !company.voided.has(event.stream))
        .flatMap((event) =>
          ((event.data as { lines?: unknown[] }).lines ?? []).map(() => row(event, company)),
        ),
  },
  returns: { sql: from('returns'), expected: facts(/^ReturnRecorded$/) },
  interactions: { sql: from('interactions'), expected: facts(/^InteractionRecorded$/) },
  complaints: { sql: from('complaints'), expected: facts(/^ComplaintOpened$/) },
  complaint_events: { sql: from('complaint_events'), expected: facts(COMPLAINT) },
  complaint_events_with_voided: {
    sql: from('complaint_events_with_voided'),
    expected: facts(COMPLAINT, true),
  },
  service_failures: {
    sql: 'SELECT toString(position) AS row FROM crm.service_failures',
    expected: (company) =>
      facts(/^ServiceFailureRecorded$/)(company).map((row) => row.split(' ', 1)[0] as string),
  },
  campaigns: {
    sql: "SELECT concat(campaign_id, ' ', status) AS row FROM crm.campaigns",
    expected: ({ events }) => {
      const has = (type: string) =>
        new Set(events.filter((event) => event.type === type).map(({ stream }) => stream));
      const [frozen, ended] = [has('AudienceFrozen'), has('CampaignEnded')];
      return events
        .filter(({ type }) => type === 'CampaignPlanned')
        .map(({ stream, data }) => {
          const status = ended.has(stream) ? 'ended' : frozen.has(stream) ? 'running' : 'neither';
          return `${(data as Fields).campaignId} ${status}`;
        });
    },
  },
  campaign_members: { sql: from('campaign_members'), expected: facts(/^MemberAssigned$/) },
  campaign_touches: { sql: from('campaign_touches'), expected: facts(/^(Touch|ContaminationRecorded)/) },
  campaign_responses: { sql: from('campaign_responses'), expected: facts(/^CampaignResponseRecorded$/) },
  customer_identity: {
    sql: "SELECT concat(recorded_customer_id, ' ', customer_id) AS row FROM crm.customer_identity",
    expected: ({ events, survivor }) =>
      [...customerStates(events)]
        .filter(([, { mergedInto }]) => mergedInto !== undefined)
        .map(([id]) => `${id} ${survivor(id)}`),
  },
  customers: {
    sql: "SELECT concat(customer_id, ' ', toString(erased)) AS row FROM crm.customers",
    expected: ({ events, voided, survivor }) => {
      const states = customerStates(events);
      const named = events
        .filter((event) => !voided.has(factOf(event)))
        .map(({ metadata }) => survivor(metadata.customerId));
      const ids = new Set([...named, ...[...states.keys()].map(survivor)].filter((id) => id !== ''));
      return [...ids].map((id) => `${id} ${states.get(id)?.erased ?? false}`);
    },
  },
};

/** Every event is in every view once that it belongs to, under the customer to whom it belongs. */
export const checkViews = async (
  events: readonly RecordedEvent[],
  warehouse: Pick<Warehouse, 'rows'>,
): Promise<Finding[]> => {
  const company = companyOf(events);
  const found: Finding[] = [];
  for (const [name, { sql, expected }] of Object.entries(VIEWS)) {
    const rows = await warehouse.rows<{ row: string }>(sql);
    found.push(
      ...compareRows(
        name,
        expected(company),
        rows.map(({ row }) => row),
      ),
    );
  }
  return found;
};

const companyOf = (events: readonly RecordedEvent[]): Company => {
  const states = customerStates(events);
  const survivor = (id: string | null): string => {
    const into = id === null ? undefined : states.get(id)?.mergedInto?.into;
    return into === undefined ? (id ?? '') : survivor(into);
  };
  const voided = new Set(events.filter(({ type }) => /Voided$/.test(type)).map(factOf));
  return { events, voided, survivor };
};

/** What is missing, and what is there more often than it should be. */
export const compareRows = (name: string, expected: Rows, actual: Rows): Finding[] => {
  const counts = new Map<string, number>();
  for (const one of actual) counts.set(one, (counts.get(one) ?? 0) + 1);
  for (const one of expected) counts.set(one, (counts.get(one) ?? 0) - 1);
  return [...counts].flatMap(([one, surplus]) =>
    surplus === 0 ? [] : [{ kind: surplus < 0 ? 'lost' : 'doubled', what: `${name}: ${one}` } as const],
  );
};
