import type { Arm } from './campaign-types.js';
import { murmurHash } from './murmur-hash.js';

/** The arm of those held out. */
export const CONTROL = 'control';

export interface Assignment {
  readonly arm: string;
  /** With which this arm was to come out. */
  readonly probability: number;
  readonly heldOut: boolean;
}

/**
 * The arm of a customer in a campaign: always the same, independent of all other customers and campaigns.
 * In ClickHouse the customer's number in [0, 1) is `murmurHash3_32(concat(salt, '\n', customer_id)) / 4294967296`;
 * the first `holdOut` of that range is held out, the arms share the rest in their order.
 * @param arms at least one, shares above 0 adding up to 1
 * @param holdOut in [0, 1)
 */
export const assignArm = (
  salt: string,
  customerId: string,
  arms: readonly Arm[],
  holdOut: number,
): Assignment => {
  const drawn = murmurHash(`${salt}\n${customerId}`) / 2 ** 32;
  if (drawn < holdOut) return { arm: CONTROL, probability: holdOut, heldOut: true };
  let end = holdOut;
  for (const { name, share } of arms) {
    end += (1 - holdOut) * share;
    if (drawn < end) return { arm: name, probability: (1 - holdOut) * share, heldOut: false };
  }
  // Shares such as 1/3 add up to a little less than 1: what is left belongs to the last arm.
  const { name, share } = arms.at(-1) as Arm;
  return { arm: name, probability: (1 - holdOut) * share, heldOut: false };
};

/** As the plan has it, of an arm that was assigned elsewhere; undefined for an arm that is not of the plan. */
export const assignmentTo = (arm: string, arms: readonly Arm[], holdOut: number): Assignment | undefined => {
  if (arm === CONTROL) return { arm, probability: holdOut, heldOut: true };
  const planned = arms.find(({ name }) => name === arm);
  return planned && { arm, probability: (1 - holdOut) * planned.share, heldOut: false };
};
