import type { RecordedEvent } from '#eventing/event';
import type { Warehouse } from '../warehouse.js';

/** Those of some events that are among the dead letters, by their positions. */
export const deadLettersOf = async (
  warehouse: Warehouse,
  events: readonly Pick<RecordedEvent, 'position' | 'id'>[],
): Promise<Set<number>> => {
  if (events.length === 0) return new Set();
  const positions = events.map(({ position }) => position);
  const letters = await warehouse.rows<{ position: number | null; id: string }>(
    `SELECT DISTINCT ${LETTER_POSITION} AS position, headers['event-id'] AS id FROM crm.dead_letters
     WHERE position IN {positions:Array(Int64)} OR id IN {ids:Array(String)}`,
    { positions, ids: events.map(({ id }) => id) },
  );
  const byId = new Map(events.map(({ id, position }) => [id, position]));
  const wanted = new Set(positions);
  return new Set(
    letters.flatMap(({ id, position }) => {
      const named = byId.get(id);
      if (named !== undefined) return named;
      return position !== null && wanted.has(position) ? position : [];
    }),
  );
};

interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** Those of some records that are among the dead letters. */
export const areDeadLetters = async <Record extends Place>(
  warehouse: Warehouse,
  records: readonly Record[],
): Promise<Set<Record>> => {
  if (records.length === 0) return new Set();
  const offsets = records.map(({ offset }) => offset);
  const letters = await warehouse.rows<Place>(
    'SELECT DISTINCT partition, offset FROM crm.dead_letters WHERE offset IN {offsets:Array(UInt64)}',
    { offsets },
  );
  const places = new Set(letters.map(({ partition, offset }) => `${partition}/${offset}`));
  return new Set(records.filter(({ partition, offset }) => places.has(`${partition}/${offset}`)));
};

/** Of a dead letter whose line tells it. */
export const LETTER_POSITION = "JSONExtract(line, 'position', 'Nullable(Int64)')";
