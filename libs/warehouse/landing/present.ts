import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import type { Span } from './landing-step.js';

const TABLES = {
  events: ['crm.events'],
  'dead letters': ['crm.dead_letters'],
  'events or dead letters': ['crm.events', 'crm.dead_letters'],
} as const;

const WITHIN = 'partition = {partition:UInt16} AND offset BETWEEN {first:UInt64} AND {last:UInt64}';

/** The offsets of a span that the warehouse has. */
export const presentOffsets = async (
  warehouse: Warehouse,
  partition: number,
  { first, last }: Span,
  where: keyof typeof TABLES,
): Promise<Set<number>> => {
  const selects = TABLES[where].map((table) => `SELECT offset FROM ${table} WHERE ${WITHIN}`);
  await caughtUp(warehouse, ...TABLES[where]);
  const rows = await warehouse.rows<{ offset: number }>(selects.join(' UNION DISTINCT '), {
    partition,
    first,
    last,
  });
  return new Set(rows.map(({ offset }) => offset));
};
