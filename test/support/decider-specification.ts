import { expect } from '@jest/globals';
import type { Command, CommandMetadata, Decider } from '#eventing/decider';
import { PerennialError } from '#eventing/errors';
import type { DomainEvent } from '#eventing/event';

/** The envelope that specifications give to commands and events that do not name their own. */
export const specMetadata: CommandMetadata = {
  commandId: '00000000-0000-4000-8000-000000000001',
  actor: 'spec',
  correlationId: '00000000-0000-4000-8000-000000000002',
  causationId: null,
  customerId: null,
  occurredAt: '2024-05-01T10:00:00.000Z',
  businessDate: '2024-05-01',
};

type Loose<T> = T extends unknown
  ? Omit<T, 'metadata'> & { readonly metadata?: Partial<CommandMetadata> }
  : never;

const complete = <T extends { readonly metadata?: Partial<CommandMetadata> }>(loose: T) => ({
  ...loose,
  metadata: { ...specMetadata, ...loose.metadata },
});

/**
 * `const given = specification(decider)`, then
 * `given([events]).when(command).then([events])` or `.thenRefused('code')`; metadata may be left out everywhere.
 */
export const specification =
  <State, C extends Command, E extends DomainEvent>(decider: Decider<State, C, E>) =>
  (events: readonly Loose<E>[]) => ({
    when: (command: Loose<C>) => {
      const run = (): readonly E[] => {
        const state = events.reduce<State>(
          (folded, event) => decider.evolve(folded, complete(event) as never),
          decider.initialState,
        );
        return decider.decide(complete(command) as unknown as C, state);
      };
      return {
        // biome-ignore lint/suspicious/noThenProperty: given/when/then is what specifications say; nobody awaits it
        then: (expected: readonly E[]) => expect(run()).toEqual(expected),
        /** The command repeats what is already so. */
        thenNothing: () => expect(run()).toEqual([]),
        /** Whatever kind of no it is: `refused`, `conflict`, `invalid`, `gone`. */
        thenRefused: (code: string, path?: string) => {
          const error = thrownBy(run);
          expect(error.code).toBe(code);
          if (path !== undefined) expect(error.fields.map((field) => field.path)).toContain(path);
        },
      };
    },
  });

const thrownBy = (run: () => readonly DomainEvent[]): PerennialError => {
  let decided: readonly DomainEvent[];
  try {
    decided = run();
  } catch (error) {
    if (error instanceof PerennialError) return error;
    throw error;
  }
  throw new Error(`Expected a refusal, but it decided ${JSON.stringify(decided)}`);
};
