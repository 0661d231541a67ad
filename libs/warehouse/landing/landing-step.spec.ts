import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextStep, type PartitionState, type Span, type Step } from './landing-step.js';

const span = (text: string): Span => {
  const [first, last] = text.split('..').map(Number);
  return { first: first!, last: last! };
};

const claim = { ...span('20..29'), records: 8 };
const landed: PartitionState = { is: 'landed', next: 20, turn: 0 };
const held = (expired = false): PartitionState => ({
  is: 'held',
  next: 20,
  turn: 1,
  by: 'a rebuild',
  expired,
});
/** All of its records there, some, or none; old or young. */
const claimed = (present: number, old = false): PartitionState => ({ is: 'claimed', claim, old, present });

const insert: Step = { do: 'insert', claim };
const insertAbsent: Step = { do: 'insert-absent', claim };
const settle: Step = { do: 'settle', claim };
const wait: Step = { do: 'wait' };
const skip = (through: number): Step => ({ do: 'skip', through });
const read = (from: number): Step => ({ do: 'read', from });
const stop = (reason: string): Step => ({ do: 'stop', reason });

const NOTHING_READ = '';

/** Every state against every way in which what was read, or what the stream still has, can lie to it. */
const cases: readonly (readonly [
  what: string,
  state: PartitionState,
  read: string,
  low: number,
  step: Step,
])[] = [
  // Nothing is open; offsets up to 19 are landed.
  ['goes on where it ended', landed, NOTHING_READ, 0, read(20)],
  ['goes on at the very beginning of what the stream has', landed, NOTHING_READ, 20, read(20)],
  [
    'stops when the stream has lost events that are not landed',
    landed,
    NOTHING_READ,
    21,
    stop('the stream begins at offset 21, but 20 is not landed'),
  ],
  ['claims what follows', landed, '20..25', 0, { do: 'claim' }],
  ['claims a single offset', landed, '20..20', 0, { do: 'claim' }],
  ['skips what is landed', landed, '10..15', 0, skip(15)],
  ['skips what is landed up to the very end', landed, '10..19', 0, skip(19)],
  ['skips the beginning that is landed', landed, '10..25', 0, skip(19)],
  ['stops at a gap', landed, '22..25', 0, stop('offsets 20 to 21 are missing in the stream')],

  // The same, but somebody holds offset 20: nothing may be claimed beyond it.
  ['reads on while it is held', held(), NOTHING_READ, 0, read(20)],
  [
    'stops while it is held, too, when the stream has lost events that are not landed',
    held(),
    NOTHING_READ,
    21,
    stop('the stream begins at offset 21, but 20 is not landed'),
  ],
  ['rests while it is held', held(), '20..25', 0, { do: 'rest' }],
  ['skips what is landed while it is held', held(), '10..15', 0, skip(15)],
  ['skips the beginning that is landed while it is held', held(), '10..25', 0, skip(19)],
  [
    'stops at a gap while it is held',
    held(),
    '22..25',
    0,
    stop('offsets 20 to 21 are missing in the stream'),
  ],
  ['reads on at a hold that nobody prolongs', held(true), NOTHING_READ, 0, read(20)],
  ['releases a hold that nobody prolongs', held(true), '20..25', 0, { do: 'release' }],
  ['skips what is landed before a hold that nobody prolongs', held(true), '10..19', 0, skip(19)],

  // Offsets 20 to 29 are claimed, a short while ago: it may have landed, in all tables, in some, in none.
  ['reads a claim again, none of it there', claimed(0), NOTHING_READ, 0, read(20)],
  ['reads a claim again, some of it there', claimed(5), NOTHING_READ, 0, read(20)],
  ['reads a claim again, all of it there: a projection may lack it', claimed(8), NOTHING_READ, 0, read(20)],
  [
    'stops when the stream has lost a claim that is not landed',
    claimed(7),
    NOTHING_READ,
    21,
    stop('the stream begins at offset 21, but 20 is not landed'),
  ],
  ['settles a landed claim that the stream has lost', claimed(8), NOTHING_READ, 21, settle],
  ['inserts exactly the claim', claimed(0), '20..29', 0, insert],
  ['inserts exactly the claim whatever is there: the token decides', claimed(8), '20..29', 0, insert],
  ['inserts the claim out of more', claimed(0), '20..40', 0, insert],
  ['waits for the rest of the claim', claimed(0), '20..28', 0, wait],
  ['skips what lies before the claim', claimed(0), '10..15', 0, skip(15)],
  ['skips what lies before the claim up to the very end', claimed(0), '10..19', 0, skip(19)],
  ['cuts off what lies before the claim', claimed(0), '10..29', 0, skip(19)],
  ['cuts off what lies before an incomplete claim', claimed(0), '10..25', 0, skip(19)],
  [
    'stops when the beginning of the claim is missing',
    claimed(0),
    '22..29',
    0,
    stop('offsets 20 to 21 are claimed, but missing in the stream'),
  ],
  [
    'stops when all of the claim is missing',
    claimed(0),
    '30..40',
    0,
    stop('offsets 20 to 29 are claimed, but missing in the stream'),
  ],

  // The same claim, but so old that the engine may have forgotten its token.
  ['settles an old claim that is there, unread', claimed(8, true), NOTHING_READ, 0, settle],
  ['settles an old claim that is there, lost by the stream', claimed(8, true), NOTHING_READ, 21, settle],
  ['settles an old claim that is there, whatever was read', claimed(8, true), '20..29', 0, settle],
  ['reads an old claim that is not there', claimed(0, true), NOTHING_READ, 0, read(20)],
  [
    'stops when the stream has lost an old claim that is not there',
    claimed(7, true),
    NOTHING_READ,
    21,
    stop('the stream begins at offset 21, but 20 is not landed'),
  ],
  ['inserts of an old claim only what is absent: all', claimed(0, true), '20..29', 0, insertAbsent],
  ['inserts of an old claim only what is absent: some', claimed(5, true), '20..40', 0, insertAbsent],
  ['waits for the rest of an old claim', claimed(5, true), '20..28', 0, wait],
  ['skips what lies before an old claim', claimed(5, true), '10..15', 0, skip(15)],
  ['cuts off what lies before an old claim', claimed(5, true), '10..29', 0, skip(19)],
  [
    'stops when the beginning of an old claim is missing',
    claimed(5, true),
    '22..29',
    0,
    stop('offsets 20 to 21 are claimed, but missing in the stream'),
  ],
];

describe('the next step of a partition', () => {
  it.each(cases)('%s', (_, state, text, low, step) =>
    expect(nextStep(state, text === NOTHING_READ ? undefined : span(text), low)).toEqual(step),
  );

  const spans = fc.tuple(fc.nat(60), fc.nat(30)).map(([first, more]) => ({ first, last: first + more }));
  const states: fc.Arbitrary<PartitionState> = fc.oneof(
    fc.nat(60).map((next) => ({ is: 'landed' as const, next, turn: 0 })),
    fc
      .tuple(fc.nat(60), fc.boolean())
      .map(([next, expired]) => ({ is: 'held' as const, next, turn: 0, by: 'a rebuild', expired })),
    fc.tuple(spans, fc.nat(10), fc.nat(10), fc.boolean()).map(([at, records, present, old]) => ({
      is: 'claimed' as const,
      claim: { ...at, records },
      old,
      present,
    })),
  );

  it('never claims beside the chain, never inserts anything but the claim, never skips what is not landed', () => {
    fc.assert(
      fc.property(states, spans, fc.nat(60), (state, inHand, low) => {
        const step = nextStep(state, inHand, low);
        const next = state.is === 'claimed' ? state.claim.first : state.next;
        if (step.do === 'claim') return state.is === 'landed' && inHand.first === next;
        if (step.do === 'insert' || step.do === 'insert-absent')
          return (
            state.is === 'claimed' &&
            step.claim === state.claim &&
            inHand.first === step.claim.first &&
            inHand.last >= step.claim.last
          );
        if (step.do === 'skip') return step.through < next && step.through >= inHand.first;
        if (step.do === 'read') return false;
        return true;
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
