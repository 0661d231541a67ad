import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import type { Span } from './landing-step.js';
import { type Batch, select } from './rows.js';

const TABLES = {
  events: ['crm.events'],
  'dead letters': ['crm.dead_letters'],
  'events or dead letters': ['crm.events', 'crm.dead_letters'],
} as const;
type Where = keyof typeof TABLES;

const WITHIN = 'partition = {partition:UInt16} AND offset BETWEEN {first:UInt64} AND {last:UInt64}';

const offsetsIn = (where: Where): string =>
  TABLES[where].map((table) => `SELECT offset FROM ${table} WHERE ${WITHIN}`).join(' UNION DISTINCT ');

/** The offsets of a span that the warehouse has. */
export const presentOffsets = async (
  warehouse: Warehouse,
  partition: number,
  { first, last }: Span,
  where: Where,
): Promise<Set<number>> => {
  await caughtUp(warehouse, ...TABLES[where]);
  const rows = await warehouse.rows<{ offset: number }>(offsetsIn(where), { partition, first, last });
  return new Set(rows.map(({ offset }) => offset));
};

/** What of a batch the warehouse does not have. */
export const absentOf = async (
  warehouse: Warehouse,
  partition: number,
  span: Span,
  batch: Batch,
  where: Where,
): Promise<Batch> => {
  const present = await presentOffsets(warehouse, partition, span, where);
  return select(batch, (offset) => !present.has(offset));
};

/** How many records of a span the warehouse has, be it among the dead letters. */
export const presentRecords = async (
  warehouse: Warehouse,
  partition: number,
  { first, last }: Span,
): Promise<number> => {
  const where = 'events or dead letters';
  await caughtUp(warehouse, ...TABLES[where]);
  const [row] = await warehouse.rows<{ records: number }>(
    `SELECT uniqExact(offset) AS records FROM (${offsetsIn(where)})`,
    { partition, first, last },
  );
  return row?.records ?? 0;
};
