import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { commandHandler, loadState } from '#eventing/command-handler';
import type { Command, Decider } from '#eventing/decider';
import { refused } from '#eventing/errors';
import type { DomainEvent, NewEvent } from '#eventing/event';
import {
  type AppendResult,
  type EventStore,
  EventStoreUnavailable,
  type ExpectedRevision,
  WrongExpectedRevision,
} from '#eventing/event-store';
import { Upcasters } from '#eventing/upcaster';

type Increase = Command<'Increase', { readonly by: number; readonly below?: number }>;
type Increased = DomainEvent<'Increased', { readonly by: number; readonly to: number }>;

const counter: Decider<number, Increase, Increased> = {
  initialState: 0,
  decide({ data: { by, below } }, total) {
    if (below !== undefined && total >= below) throw refused('high-enough', 'It is high enough.');
    return by === 0 ? [] : [{ type: 'Increased', data: { by, to: total + by } }];
  },
  evolve: (total, { data }) => total + data.by,
};

/** The real store behind a connection that fails when told to. */
class ShakyConnection implements EventStore {
  appends: { ids: readonly string[]; expected: ExpectedRevision }[] = [];
  /** What happens to the next appends: lost on the way there, or on the way back. */
  losses: ('there' | 'back')[] = [];
  afterLoss: () => Promise<unknown> = async () => {};

  constructor(private readonly store: EventStore) {}

  async append(
    stream: string,
    events: readonly NewEvent[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    this.appends.push({ ids: events.map(({ id }) => id), expected: options.expectedRevision });
    const loss = this.losses.shift();
    if (loss === undefined) return this.store.append(stream, events, options);
    if (loss === 'back') await this.store.append(stream, events, options);
    await this.afterLoss();
    throw new EventStoreUnavailable('The connection was lost.');
  }
  readStream: EventStore['readStream'] = (stream, options) => this.store.readStream(stream, options);
  readAll: EventStore['readAll'] = (options) => this.store.readAll(options);
  subscribeToAll: EventStore['subscribeToAll'] = (options) => this.store.subscribeToAll(options);
  deleteStream: EventStore['deleteStream'] = (stream, options) => this.store.deleteStream(stream, options);
  head = () => this.store.head();
  close = () => this.store.close();
}

describe('the command handler on the embedded store', () => {
  let folder: string;
  let store: SqliteEventStore;
  let connection: ShakyConnection;
  const upcasters = new Upcasters();
  const stream = 'counter-1';
  const handle = (command: Increase, ifRevision?: number) =>
    commandHandler(connection, upcasters)(counter, stream, command, ifRevision);
  const total = async () => (await loadState(store, upcasters, counter, stream)).state;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    store = new SqliteEventStore(join(folder, 'events.db'));
    connection = new ShakyConnection(store);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('decides again on a conflict, so that all of many at once take effect once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => handle(increase(`c-${i}`, 1))));
    expect(await total()).toBe(50);
    expect(outcomes.map(({ revision }) => revision).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
    const reached: number[] = [];
    for await (const { data } of store.readStream(stream)) reached.push((data as Increased['data']).to);
    expect(reached).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });

  it('holds a rule for all who come at once', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => handle(increase(`c-${i}`, 1, 5))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await total()).toBe(5);
  });

  it('lets a command take effect once, however often it comes, at once and later', async () => {
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => handle(increase('same', 3))));
    await handle(increase('other', 4));
    outcomes.push(await handle(increase('same', 3)));
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ revision: 0, position: outcomes[0]?.position });
    expect(await total()).toBe(7);
  });

  it('answers a decision for nothing as a repetition at the present revision', async () => {
    expect(await handle(increase('nothing', 0))).toMatchObject({
      status: 'repeated',
      revision: -1,
      position: -1,
    });
    const { position } = await handle(increase('something', 1));
    expect(await handle(increase('nothing', 0))).toMatchObject({ status: 'repeated', revision: 0, position });
  });

  it('acts at the revision the caller knows and at no other, but knows a repetition first', async () => {
    await handle(increase('a', 1), -1);
    await handle(increase('b', 1), 0);
    await expect(handle(increase('c', 1), 0)).rejects.toMatchObject({
      code: 'wrong-revision',
      expected: 0,
      actual: 1,
    });
    expect(await handle(increase('a', 1), -1)).toMatchObject({ status: 'repeated', revision: 0 });
    expect(await total()).toBe(2);
  });

  it('sends an append of unknown outcome again as it is: carried out or not, it takes effect once', async () => {
    connection.losses = ['back', 'there', 'back'];
    expect(await handle(increase('a', 5))).toMatchObject({ status: 'accepted', revision: 0 });
    expect(connection.appends).toHaveLength(4);
    expect(new Set(connection.appends.map((append) => JSON.stringify(append))).size).toBe(1);
    expect(await total()).toBe(5);
  });

  it('knows its own append again, though others have appended since', async () => {
    connection.losses = ['back'];
    connection.afterLoss = () => commandHandler(store, upcasters)(counter, stream, increase('other', 10));
    expect(await handle(increase('a', 5))).toMatchObject({ revision: 0 });
    expect(await total()).toBe(15);
  });

  it('decides again when the append was lost and somebody else was faster', async () => {
    connection.losses = ['there'];
    connection.afterLoss = () => commandHandler(store, upcasters)(counter, stream, increase('other', 10));
    expect(await handle(increase('a', 5))).toMatchObject({ revision: 1 });
    expect(await total()).toBe(15);
  });

  it('gives up when the store stays away, and the same command can be sent later', async () => {
    connection.losses = Array.from({ length: 9 }, () => 'there');
    await expect(handle(increase('a', 5))).rejects.toBeInstanceOf(EventStoreUnavailable);
    expect(await handle(increase('a', 5))).toMatchObject({ status: 'accepted' });
    expect(await total()).toBe(5);
  });

  it('passes on a conflict that does not end', async () => {
    let rivals = 0;
    const append = store.append.bind(store);
    connection.append = async (name, events, options) => {
      rivals += 1;
      await commandHandler(store, upcasters)(counter, stream, increase(`rival-${rivals}`, 1));
      return append(name, events, options);
    };
    await expect(handle(increase('a', 1))).rejects.toBeInstanceOf(WrongExpectedRevision);
    expect(await total()).toBe(rivals);
  });
});

const increase = (commandId: string, by: number, below?: number): Increase => ({
  type: 'Increase',
  data: { by, below },
  metadata: {
    commandId,
    actor: 'test',
    correlationId: commandId,
    causationId: null,
    customerId: null,
    occurredAt: '2024-05-01T10:00:00.000Z',
    businessDate: '2024-05-01',
  },
});
