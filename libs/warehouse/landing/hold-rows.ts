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

/**
 * Holds a place, unless somebody has claimed or held it before: to be read back.
 * @param token by `putIfAbsent`, from `announceToken`
 */
export const putHold = (
  warehouse: Warehouse,
  place: HoldPlace,
  writer: string,
  lease: number,
  token: string,
): Promise<void> => insert(warehouse, [held(place, writer, lease)], token);

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

/** Ends a hold that is somebody else's. To be said again when it stands nevertheless. */
export const releaseHold = (warehouse: Warehouse, place: HoldPlace, writer: string): Promise<void> =>
  insert(warehouse, [{ ...row(place, writer), state: 'released' }]);

/** Ends one's own holds, all at once. To be said again when nobody knows whether it was heard. */
export const letGo = (warehouse: Warehouse, places: readonly HoldPlace[], writer: string): Promise<void> =>
  insert(
    warehouse,
    places.map((place) => ({ ...row(place, writer), state: 'released' })),
  );

/** The partitions in which others ended a hold of this writer. */
export const releasedByOthers = async (
  warehouse: Warehouse,
  places: readonly HoldPlace[],
  writer: string,
): Promise<number[]> => {
  if (places.length === 0) return [];
  await caughtUp(warehouse, 'crm.claims');
  const condition = places.map(
    (_, i) => `(partition = {p${i}:UInt16} AND first = {first${i}:UInt64} AND turn = {turn${i}:UInt32})`,
  );
  const values = places.map(({ partition, first, turn }, i) => ({
    [`p${i}`]: partition,
    [`first${i}`]: first,
    [`turn${i}`]: turn,
  }));
  const released = await warehouse.rows<{ p: number }>(
    `SELECT DISTINCT partition AS p FROM crm.claims
     WHERE (${condition.join(' OR ')}) AND state = 'released' AND writer != {writer:String} ORDER BY p`,
    Object.assign({ writer }, ...values),
  );
  return released.map(({ p }) => p);
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
