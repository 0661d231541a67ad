import { carryOut, type FollowUp } from '#crm/policy';
import type { Outcome } from '#eventing/command-handler';
import type { PerennialError } from '#eventing/errors';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import type { Upcasters } from '#eventing/upcaster';
import type { Reaction } from './process-runner.js';
import type { Send } from './send.js';

/** What follows from an event; pure. */
export type Policy = (event: RecordedEvent) => readonly FollowUp[];

/** Sends what follows from events of these types. */
export const policyReaction = (policy: Policy, on: readonly string[], send: Send): Reaction => ({
  on,
  react: async (event) => {
    for (const followUp of policy(event)) await carryOut(followUp, send);
  },
});

export interface FollowThrough {
  readonly store: EventStore;
  readonly upcasters: Upcasters;
  readonly send: Send;
}

/**
 * Carries out what follows from an event, and what follows from that, to the end, while a caller waits. The runner
 * does the same, perhaps at the same time: each command is carried out once, whoever sends it.
 * @returns the first thing that the domain refused
 */
export const followThrough = async (
  tools: FollowThrough,
  policy: Policy,
  event: RecordedEvent,
): Promise<PerennialError | undefined> => {
  let refusal: PerennialError | undefined;
  for (const followUp of policy(event)) {
    const outcomes: Outcome[] = [];
    const no = await carryOut(followUp, async (command) => outcomes.push(await tools.send(command)));
    refusal ??= no;
    for (const outcome of outcomes) {
      const next = await eventOf(tools, outcome);
      const nextNo = next && (await followThrough(tools, policy, next));
      refusal ??= nextNo;
    }
  }
  return refusal;
};

const eventOf = async (
  { store, upcasters }: FollowThrough,
  { stream, revision }: Outcome,
): Promise<RecordedEvent | undefined> => {
  if (revision < 0) return undefined;
  for await (const event of store.readStream(stream, { from: revision, limit: 1 }))
    return upcasters.upcast(event);
  return undefined;
};
