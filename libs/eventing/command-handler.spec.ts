import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { commandHandler } from '#eventing/command-handler';
import type { Command, Decider } from '#eventing/decider';
import { conflict, refused } from '#eventing/errors';
import type { DomainEvent } from '#eventing/event';
import { outsideCommandHandler } from '#eventing/outside-command-handler';
import { sameContent } from '#eventing/same-content';
import { Upcasters } from '#eventing/upcaster';

type Record = Command<'Record', { readonly text: string; readonly doorOpen?: boolean }>;
type Add = Command<'Add', { readonly text: string }>;
type Recorded = DomainEvent<'Recorded', { readonly text: string }>;

interface State {
  readonly text?: string;
  readonly occurredAt?: string;
}

/** A fact that is recorded once, and to which notes can be added. */
const fact: Decider<State, Record | Add, Recorded> = {
  initialState: {},
  decide({ type, data, metadata }, state) {
    if (type === 'Record' && (data as Record['data']).doorOpen === false)
      throw refused('door-closed', 'The door is closed.');
    const event: Recorded = { type: 'Recorded', data: { text: data.text } };
    if (type === 'Add' || state.text === undefined) return [event];
    if (state.occurredAt === metadata.occurredAt && sameContent(state.text, data.text)) return [];
    throw conflict('fact-exists', 'It was recorded otherwise.');
  },
  evolve: (state, { data, metadata }) => ({ text: state.text ?? data.text, occurredAt: metadata.occurredAt }),
};

describe('the command handler', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  const store = new SqliteEventStore(join(dir, 'events.db'));
  const upcasters = new Upcasters();
  const handle = commandHandler(store, upcasters);
  let streams = 0;
  let stream: string;
  beforeEach(() => {
    streams += 1;
    stream = `fact-${streams}`;
  });
  afterAll(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const command = <T extends 'Record' | 'Add'>(
    type: T,
    commandId: string,
    data: (Record | Add)['data'],
    occurredAt = '2024-05-01T10:00:00.000Z',
  ) =>
    ({
      type,
      data,
      metadata: {
        commandId,
        actor: 'test',
        correlationId: commandId,
        causationId: null,
        customerId: 'c-1',
        occurredAt,
        businessDate: occurredAt.slice(0, 10),
      },
    }) as Record | Add;

  it('answers a repeated command as the first time, whatever has happened since', async () => {
    const first = await handle(fact, stream, command('Record', 'one', { text: 'a' }));
    await handle(fact, stream, command('Add', 'two', { text: 'b' }));
    expect(first).toMatchObject({ status: 'accepted', stream, revision: 0 });
    expect(await handle(fact, stream, command('Record', 'one', { text: 'a' }))).toEqual({
      ...first,
      status: 'repeated',
    });
  });

  it('takes the same fact under another id for a repetition', async () => {
    await handle(fact, stream, command('Record', 'one', { text: 'a' }));
    const again = await handle(fact, stream, command('Record', 'other', { text: 'a' }));
    expect(again).toMatchObject({ status: 'repeated', revision: 0 });
  });

  it('looks for a repetition before it looks at the expected revision', async () => {
    await handle(fact, stream, command('Record', 'one', { text: 'a' }), -1);
    expect((await handle(fact, stream, command('Record', 'one', { text: 'a' }), -1)).status).toBe('repeated');
    await expect(handle(fact, stream, command('Add', 'two', { text: 'b' }), 7)).rejects.toMatchObject({
      code: 'wrong-revision',
      actual: 0,
    });
  });

  it('keeps to the customer whom the first event of a stream concerns', async () => {
    await handle(fact, stream, command('Record', 'one', { text: 'a' }));
    const add = command('Add', 'two', { text: 'b' });
    await handle(fact, stream, { ...add, metadata: { ...add.metadata, customerId: 'somebody-else' } });
    const customers: (string | null)[] = [];
    for await (const { metadata } of store.readStream(stream)) customers.push(metadata.customerId);
    expect(customers).toEqual(['c-1', 'c-1']);
  });

  it('loses no command of many that are sent to one stream at once', async () => {
    const ids = Array.from({ length: 6 }, (_, i) => `at-once-${i}`);
    await Promise.all(ids.map((id) => handle(fact, stream, command('Add', id, { text: id }))));
    const texts: unknown[] = [];
    for await (const { data } of store.readStream(stream)) texts.push((data as { text: string }).text);
    expect(texts.sort()).toEqual(ids);
  });

  describe('for callers outside', () => {
    const handleOutside = outsideCommandHandler(store, upcasters);
    const later = '2024-06-01T00:00:00.000Z';
    const timed = { timeGiven: true };
    const untimed = { timeGiven: false };

    beforeEach(() => handleOutside(fact, stream, command('Record', 'one', { text: 'a' }), timed));

    it('answers the same command as the first time', async () => {
      const again = await handleOutside(fact, stream, command('Record', 'one', { text: 'a' }), timed);
      expect(again).toMatchObject({ status: 'repeated', revision: 0 });
    });

    it.each([
      ['other content', command('Record', 'one', { text: 'b' })],
      ['another time', command('Record', 'one', { text: 'a' }, later)],
      ['another type of command', command('Add', 'one', { text: 'c' })],
    ])('refuses an id that was used before with %s', async (_what, other) => {
      await expect(handleOutside(fact, stream, other, timed)).rejects.toMatchObject({
        kind: 'conflict',
        code: 'command-id-reused',
      });
    });

    it('is not misled by what other streams have come to since', async () => {
      const closed = command('Record', 'one', { text: 'a', doorOpen: false });
      expect((await handleOutside(fact, stream, closed, timed)).status).toBe('repeated');
    });

    it.each(['one', 'other'])('recognises what left its time out, under the id %s', async (id) => {
      const again = await handleOutside(fact, stream, command('Record', id, { text: 'a' }, later), untimed);
      expect(again).toMatchObject({ status: 'repeated', revision: 0 });
    });

    it.each([
      ['one', 'command-id-reused'],
      ['other', 'fact-exists'],
    ])('refuses what left its time out and says something else, under the id %s', async (id, code) => {
      const other = command('Record', id, { text: 'b' }, later);
      await expect(handleOutside(fact, stream, other, untimed)).rejects.toMatchObject({ code });
    });
  });
});
