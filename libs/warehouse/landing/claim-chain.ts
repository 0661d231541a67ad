import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import type { Claim } from './landing-step.js';

/** A hold as it stands. */
export interface Hold {
  readonly by: string;
  /** Its lease is over, by the warehouse's clock: whoever meets it may release it. */
  readonly expired: boolean;
}

/** The place where the next claim, or hold, of a partition is put. */
export interface ChainEnd {
  readonly next: number;
  /** How many holds were released there. */
  readonly turn: number;
  readonly hold: Hold | undefined;
}

/** How the claims of a partition end. */
export interface Chain {
  /** The last one; undefined when there is none. */
  readonly claim: (Claim & { readonly landed: boolean; readonly claimedAt: string }) | undefined;
  readonly end: ChainEnd;
}

interface PlaceRow extends Claim {
  readonly p: number;
  readonly claims: number;
  readonly claimedAt: string;
  readonly landed: boolean;
  readonly holds: number;
  readonly releases: number;
  readonly heldBy: string;
  readonly expired: boolean;
}

export const chainOf = async (warehouse: Warehouse, partition: number): Promise<Chain> =>
  (await chainsOf(warehouse, [partition])).get(partition) as Chain;

/** Those of several partitions, by one query. */
export const chainsOf = async (
  warehouse: Warehouse,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, Chain>> => {
  if (partitions.length === 0) return new Map();
  await caughtUp(warehouse, 'crm.claims');
  const places = await warehouse.rows<PlaceRow>(
    `SELECT partition AS p, first, argMinIf(c.last, noted_at, state = 'claimed') AS last,
       argMinIf(c.records, noted_at, state = 'claimed') AS records, countIf(state = 'claimed') AS claims,
       toString(minIf(noted_at, state = 'claimed')) AS claimedAt, countIf(state = 'landed') > 0 AS landed,
       maxIf(c.turn + 1, state = 'held') AS holds, maxIf(c.turn + 1, state = 'released') AS releases,
       argMaxIf(c.writer, tuple(c.turn, noted_at), state = 'held') AS heldBy,
       argMaxIf(noted_at + toIntervalMillisecond(lease), tuple(c.turn, noted_at), state = 'held') < now64(6, 'UTC') AS expired
     FROM crm.claims AS c
     WHERE ${partitions.map((_, i) => fromLastClaim(`{p${i}:UInt16}`)).join(' OR ')}
     GROUP BY partition, first ORDER BY partition, first`,
    Object.fromEntries(partitions.map((partition, i) => [`p${i}`, partition])),
  );
  return new Map(
    partitions.map((partition) => [partition, chain(places.filter(({ p }) => p === partition))]),
  );
};

const fromLastClaim = (partition: string): string => `(partition = ${partition} AND first >= ifNull((
  SELECT first FROM crm.claims WHERE partition = ${partition} AND state = 'claimed'
  ORDER BY partition DESC, first DESC LIMIT 1), 0))`;

/** @param places of one partition, from its last claim on */
const chain = (places: readonly PlaceRow[]): Chain => {
  const claim = places.find(({ claims }) => claims > 0);
  const next = claim ? claim.last + 1 : 0;
  const place = places.find(({ first, claims }) => first === next && claims === 0);
  const { holds = 0, releases = 0, heldBy = '', expired = false } = place ?? {};
  return {
    claim: claim && {
      first: claim.first,
      last: claim.last,
      records: claim.records,
      landed: claim.landed,
      claimedAt: claim.claimedAt,
    },
    end: { next, turn: releases, hold: holds > releases ? { by: heldBy, expired } : undefined },
  };
};
