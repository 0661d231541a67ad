import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openPostgresCheckpoints } from '#event-store/postgres/checkpoints';
import type { CheckpointStore } from '#eventing/checkpoint';
import type { RecordedEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import { postgresLeadership } from '#postgres/leadership';
import type { Postgres } from '#postgres/postgres';
import { specMetadata } from '#test/support/decider-specification';
import {
  Crash,
  newFolder,
  openProcessStores,
  type ProcessStores,
  removeFolder,
  until,
} from '#test/support/process-stores';
import { describeWithPostgres } from '#test/support/servers/postgres';
import { testPostgres } from '#test/support/test-postgres';
import { isDeposition, LeaderTurns, type Work } from './leader-turns.js';
import { ProcessRunner } from './process-runner.js';

describeWithPostgres('processes that take turns', () => {
  const database = testPostgres();
  let folder: string;
  let stores: ProcessStores;
  let all: LeaderTurns<Work>[];
  beforeEach(async () => {
    folder = newFolder();
    stores = await openProcessStores(folder);
    all = [];
  });
  afterEach(async () => {
    for (const each of all) await each.stop();
    await database.clear();
    await stores.close();
    removeFolder(folder);
  });

  const start = async (react: (event: RecordedEvent) => Promise<void>) => {
    const postgres = await database.open();
    const checkpoints = await openPostgresCheckpoints(postgres);
    const begin = async () => ({
      runner: await ProcessRunner.start({
        ...stores,
        checkpoints,
        name: 'spec',
        reactions: [{ on: ['A'], react }],
        isHarmless: isDeposition,
      }),
    });
    const leadership = postgresLeadership(postgres, 'spec', { everyMs: 20 });
    const turns = new LeaderTurns(leadership, begin, stores.log);
    all.push(turns);
    return { postgres, checkpoints, turns };
  };
  const noting = (seen: number[]) => async (event: RecordedEvent) => void seen.push(event.position);
  const append = (number: number) =>
    stores.store.append(
      `a-${number}`,
      [{ id: eventId('s', 'A', number), type: 'A', schemaVersion: 1, data: {}, metadata: specMetadata }],
      { expectedRevision: 'no-stream' },
    );
  const leads =
    ({ turns }: { turns: LeaderTurns<Work> }) =>
    () =>
      turns.current !== undefined;
  /** As when the network to PostgreSQL fails, or PostgreSQL restarts. */
  const cut = async (asking: Postgres) => {
    await asking.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
  };
  const at = async (checkpoints: CheckpointStore, position: number) =>
    until('the checkpoint is saved', async () => (await checkpoints.load('spec')) === position);

  it('work one at a time, and go on where the last one stopped', async () => {
    const [first, second]: [number[], number[]] = [[], []];
    const one = await start(noting(first));
    await until('one leads', leads(one));
    const other = await start(noting(second));
    await append(1);
    await append(2);
    await until('seen', () => first.length === 2);
    expect(other.turns.current).toBeUndefined();
    await one.turns.stop();
    await append(3);
    await until('seen', () => second.length === 1);
    expect([first, second]).toEqual([[1, 2], [3]]);
  });

  it('stop at once when they lead no more, and stand by', async () => {
    const seen: number[] = [];
    const one = await start(noting(seen));
    await until('one leads', leads(one));
    const other = await start(noting(seen));
    const runner = one.turns.current?.runner;
    await cut(other.postgres);
    await runner?.done.catch(() => {});
    expect((await runner?.status())?.state).toBe('stopped');
    await until('somebody leads again', () => leads(one)() || leads(other)());
    await append(1);
    await until('seen', () => seen.length > 0);
    expect(seen).toEqual([1]);
  });

  it('do no harm when they wake up late, and lead another time', async () => {
    const [slept, awake]: [number[], number[]] = [[], []];
    let wake: () => void = () => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const one = await start(async (event) => {
      slept.push(event.position);
      if (slept.length === 1) await asleep;
    });
    await append(1);
    await until('it sleeps', () => slept.length === 1);
    const other = await start(noting(awake));
    await cut(other.postgres);
    await until('the other has taken over', () => awake.length === 1);
    await append(2);
    await until('the other goes on', () => awake.length === 2);
    await other.turns.stop();
    await at(await openPostgresCheckpoints(other.postgres), 2);
    wake();
    await append(3);
    await until('it leads again', () => slept.includes(3));
    // What it did in its sleep was done twice; nothing else was, and the checkpoint never went back.
    expect([slept, awake]).toEqual([
      [1, 3],
      [1, 2],
    ]);
    await one.turns.stop();
    await at(await openPostgresCheckpoints(other.postgres), 3);
  });

  it('end loudly at an unknown error', async () => {
    const one = await start(async () => {
      throw new Crash();
    });
    await append(1);
    await expect(one.turns.done).rejects.toBeInstanceOf(Crash);
    expect(await one.turns.current?.runner.status()).toMatchObject({ state: 'failed' });
  });
});
