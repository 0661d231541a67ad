import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PerennialError } from '#eventing/errors';
import type { NewEvent, RecordedEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import { specMetadata } from '#test/support/decider-specification';
import {
  Crash,
  newFolder,
  openProcessStores,
  type ProcessStores,
  removeFolder,
  until,
} from '#test/support/process-stores';
import { ProcessRunner, type Reaction } from './process-runner.js';

const event = (type: string, number: number): NewEvent => ({
  id: eventId('s', type, number),
  type,
  schemaVersion: 1,
  data: { number },
  metadata: specMetadata,
});

describe('a process runner', () => {
  let folder: string;
  let stores: ProcessStores;
  beforeEach(async () => {
    folder = newFolder();
    stores = await openProcessStores(folder);
  });
  afterEach(async () => {
    await stores.close();
    removeFolder(folder);
  });

  const start = (...reactions: Reaction[]) => ProcessRunner.start({ ...stores, name: 'spec', reactions });
  const append = async (type: string, from: number, to: number) => {
    const events = Array.from({ length: to - from + 1 }, (_, i) => event(type, from + i));
    return stores.store.append(`${type}-${from}`, events, { expectedRevision: 'no-stream' });
  };
  const numberOf = ({ data }: RecordedEvent) => (data as { number: number }).number;
  const noting = (on: string, seen: number[]): Reaction => ({
    on: [on],
    react: async (recorded) => void seen.push(numberOf(recorded)),
  });
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

  it('shows each reaction the events of its types in order, those to come too', async () => {
    const [a, b]: [number[], number[]] = [[], []];
    await append('A', 1, 1500);
    const runner = await start(noting('A', a), noting('B', b));
    await append('B', 1, 2);
    await append('A', 1501, 1502);
    await until('seen', () => a.length === 1502);
    expect(a).toEqual(upTo(1502));
    expect(b).toEqual([1, 2]);
    await runner.stop();
  });

  it('goes on after its checkpoint when it is started again', async () => {
    const [first, second]: [number[], number[]] = [[], []];
    await append('A', 1, 3);
    const runner = await start(noting('A', first));
    await until('seen', () => first.length === 3);
    await runner.stop();
    expect(await runner.status()).toMatchObject({ state: 'stopped', checkpoint: 3, lag: 0 });
    await append('A', 4, 5);
    const again = await start(noting('A', second));
    await until('seen', () => second.length === 2);
    expect(second).toEqual([4, 5]);
    await again.stop();
  });

  it('tells how far it is behind', async () => {
    await append('A', 1, 10);
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const runner = await start({ on: ['A'], react: () => gate });
    expect(await runner.status()).toEqual({ state: 'running', position: -1, checkpoint: -1, lag: 11 });
    go();
    await until('caught up', async () => (await runner.status()).lag === 0);
    await runner.stop();
  });

  it.each(['unavailable', 'precondition-failed'] as const)(
    'tries an event again while it is %s',
    async (kind) => {
      const seen: number[] = [];
      let failures = 2;
      await append('A', 1, 3);
      const runner = await start({
        on: ['A'],
        react: async (recorded) => {
          if (numberOf(recorded) === 2 && failures-- > 0) throw new PerennialError(kind, 'later', 'Later.');
          seen.push(numberOf(recorded));
        },
      });
      await until('seen', () => seen.length === 3);
      expect(seen).toEqual([1, 2, 3]);
      await runner.stop();
    },
  );

  it('stops while it waits for the next attempt', async () => {
    let attempts = 0;
    await append('A', 1, 1);
    const runner = await start({
      on: ['A'],
      react: async () => {
        attempts += 1;
        throw new PerennialError('unavailable', 'later', 'Later.');
      },
    });
    await until('tried', () => attempts >= 3);
    await runner.stop();
    expect(await runner.status()).toMatchObject({ state: 'stopped', checkpoint: -1 });
  });

  it('ends loudly at an unknown error, and shows the event again after a restart', async () => {
    const [before, after]: [number[], number[]] = [[], []];
    await append('A', 1, 3);
    const runner = await start({
      on: ['A'],
      react: async (recorded) => {
        if (numberOf(recorded) === 2) throw new Crash();
        before.push(numberOf(recorded));
      },
    });
    await expect(runner.done).rejects.toBeInstanceOf(Crash);
    expect(await runner.status()).toMatchObject({ state: 'failed', position: 1 });
    const again = await start(noting('A', after));
    await until('seen', () => after.length === 3);
    await again.stop();
  });

  it('ends as loudly when a reaction fails at what it does by itself', async () => {
    let stopped = false;
    const runner = await start({
      on: [],
      react: async () => {},
      stop: async () => {
        stopped = true;
      },
    });
    runner.fail(new Crash());
    await expect(runner.done).rejects.toBeInstanceOf(Crash);
    expect(stopped).toBe(true);
  });

  it('keeps the checkpoint before what is still under way', async () => {
    const seen: number[] = [];
    await append('A', 1, 5);
    const runner = await start({ ...noting('A', seen), pendingFrom: () => 3 });
    await until('seen', () => seen.length === 5);
    await runner.stop();
    expect(await runner.status()).toMatchObject({ position: 5, checkpoint: 2 });
  });

  it('does not go on beside another under the same name', async () => {
    const seen: number[] = [];
    const runner = await start(noting('A', seen));
    const other = await openProcessStores(folder);
    await other.checkpoints.load('spec');
    await other.checkpoints.save('spec', 1);
    await other.close();
    await append('A', 1, 3);
    await until('seen', () => seen.length === 3);
    await runner.stop();
    await expect(runner.done).rejects.toMatchObject({ code: 'checkpoint-moved' });
  });
});
