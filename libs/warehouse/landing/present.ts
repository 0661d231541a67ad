import type { Warehouse } from '../warehouse.js';
import type { Span } from './landing-step.js';

/** The offsets of a span that the warehouse has, in crm.events or among the dead letters. */
export const presentOffsets = async (
  warehouse: Warehouse,
  partition: number,
  { first, last }: Span,
): Promise<Set<number>> => {
  const within = 'partition = {partition:UInt16} AND offset BETWEEN {first:UInt64} AND {last:UInt64}';
  const rows = await warehouse.rows<{ offset: number }>(
    `SELECT offset FROM crm.events WHERE ${within} UNION DISTINCT SELECT offset FROM crm.dead_letters WHERE ${within}`,
    { partition, first, last },
  );
  return new Set(rows.map(({ offset }) => offset));
};
