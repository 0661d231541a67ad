import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Command, CommandMetadata, Decider, Stored } from '#eventing/decider';
import { PerennialError } from '#eventing/errors';
import type { DomainEvent } from '#eventing/event';
import { specMetadata } from './decider-specification.js';

const SEED = 19_970_101;

/** Some days and moments of one month, few enough that they meet. */
const times: fc.Arbitrary<CommandMetadata> = fc
  .record({ day: fc.integer({ min: 1, max: 9 }), commandId: fc.uuid() })
  .map(({ day, commandId }) => ({
    ...specMetadata,
    commandId,
    businessDate: `2024-05-0${day}`,
    occurredAt: `2024-05-0${day}T10:00:00.000Z`,
  }));

/** Whatever is asked in whatever order: decided or refused, and nothing decided twice. */
export const decidesOrRefuses = <State, C extends Command, E extends DomainEvent>(
  decider: Decider<State, C, E>,
  commands: fc.Arbitrary<{ readonly type: C['type']; readonly data: unknown }>,
): void => {
  const dated = fc
    .tuple(commands, times)
    .map(([command, metadata]) => ({ ...command, metadata }) as Command as C);
  const property = fc.property(fc.array(dated, { maxLength: 30 }), (asked) => {
    let state = decider.initialState;
    for (const command of asked) {
      const decided = decisionOf(decider, command, state);
      if (!decided) continue;
      state = decided.reduce((folded, event) => fold(decider, folded, event, command.metadata), state);
      expect(decider.decide(command, state)).toEqual([]);
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 500 });
};

/** Whatever stands in the stream, in whatever order: the fold goes on. */
export const foldsWhateverComes = <State, C extends Command, E extends DomainEvent>(
  decider: Decider<State, C, E>,
  events: fc.Arbitrary<{ readonly type: E['type']; readonly data: unknown }>,
): void => {
  const property = fc.property(fc.array(fc.tuple(events, times), { maxLength: 30 }), (stored) => {
    const fromTheFuture = { type: 'NotYetInvented', data: null };
    for (const [event, metadata] of [...stored, [fromTheFuture, specMetadata] as const])
      expect(() => fold(decider, decider.initialState, event, metadata)).not.toThrow();
    const all = () =>
      stored.reduce(
        (state, [event, metadata]) => fold(decider, state, event, metadata),
        decider.initialState,
      );
    expect(all).not.toThrow();
    expect(all()).toEqual(all());
  });
  fc.assert(property, { seed: SEED, numRuns: 500 });
};

const fold = <State, C extends Command, E extends DomainEvent>(
  decider: Decider<State, C, E>,
  state: State,
  event: DomainEvent,
  metadata: CommandMetadata,
): State => decider.evolve(state, { ...event, metadata } as DomainEvent as Stored<E>);

const decisionOf = <State, C extends Command, E extends DomainEvent>(
  decider: Decider<State, C, E>,
  command: C,
  state: State,
): readonly E[] | undefined => {
  try {
    return decider.decide(command, state);
  } catch (error) {
    if (error instanceof PerennialError) return undefined;
    throw error;
  }
};
