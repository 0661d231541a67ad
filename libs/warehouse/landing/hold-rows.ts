import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';

/** A place in the chain of claims at which one claim or one hold is taken. */
export interface HoldPlace {
  readonly partition: number;
  readonly first: number;
  readonly turn: number;
}

/** Of all claims and holds that are put under it, the engine takes the first. */
export const announceToken = (partition: number, first: number, turn: number): string =>
  `announce-claim-${partition}-${first}${turn === 0 ? '' : `-${turn}`}`;

/** Holds a place, unless somebody has claimed or held it before: to be read back. */
export const putHold = (
  warehouse: Warehouse,
  place: HoldPlace,
  writer: string,
  lease: number,
): Promise<void> =>
  insert(warehouse, [held(place, writer, lease)], announceToken(place.partition, place.first, place.turn));

/** Lets holds stand for another lease from now on; one that was released meanwhile stays released. */
export const prolongHolds = (
  warehouse: Warehouse,
  places: readonly HoldPlace[],
  writer: string,
  lease: number,
): Promise<void> =>
  insert(
    warehouse,
    places.map((place) => held(place, writer, lease)),
  );

/** Ends a hold, unless somebody has done so before: `releasedBy` says who. */
export const releaseHold = (warehouse: Warehouse, place: HoldPlace, writer: string): Promise<void> =>
  insert(
    warehouse,
    [{ ...row(place, writer), state: 'released' }],
    `release-${place.partition}-${place.first}-${place.turn}`,
  );

export const releasedBy = async (
  warehouse: Warehouse,
  { partition, first, turn }: HoldPlace,
): Promise<string | undefined> => {
  await caughtUp(warehouse, 'crm.claims');
  const [released] = await warehouse.rows<{ writer: string }>(
    `SELECT writer FROM crm.claims WHERE partition = {partition:UInt16} AND first = {first:UInt64}
       AND turn = {turn:UInt32} AND state = 'released' ORDER BY noted_at LIMIT 1`,
    { partition, first, turn },
  );
  return released?.writer;
};

const row = ({ partition, first, turn }: HoldPlace, writer: string) => ({
  partition,
  first,
  last: first,
  turn,
  writer,
});

const held = (place: HoldPlace, writer: string, lease: number) => ({
  ...row(place, writer),
  state: 'held',
  lease,
});

const insert = (warehouse: Warehouse, rows: readonly object[], token?: string): Promise<void> =>
  warehouse.insertLines('crm.claims', rows.map((line) => `${JSON.stringify(line)}\n`).join(''), {
    ...(token !== undefined && { insert_deduplication_token: token }),
  });
