import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CheckpointStore } from '#eventing/checkpoint';

/** The checkpoints of one place, empty at first. */
export interface CheckpointsUnderTest {
  /** Another connection to them each time, as another process would have one. */
  open(): Promise<CheckpointStore>;
  tearDown(): Promise<void>;
}

/** What every adapter of the checkpoint store must do. */
export const checkpointStoreContract = (
  adapter: string,
  setUp: () => Promise<CheckpointsUnderTest>,
): void => {
  describe(`checkpoints on ${adapter}`, () => {
    let underTest: CheckpointsUnderTest;
    let mine: CheckpointStore;
    let other: CheckpointStore;
    beforeEach(async () => {
      underTest = await setUp();
      mine = await underTest.open();
      other = await underTest.open();
    });
    afterEach(async () => {
      await mine.close();
      await other.close();
      await underTest.tearDown();
    });

    it('begin before the first event', async () => {
      expect(await mine.load('policy')).toBe(-1);
    });

    it('are where they were saved last, each for itself', async () => {
      await mine.load('policy');
      await mine.save('policy', 0);
      await mine.save('policy', 2 ** 40);
      await mine.save('new', 7);
      expect(await other.load('policy')).toBe(2 ** 40);
      expect(await other.load('new')).toBe(7);
      expect(await other.load('unknown')).toBe(-1);
    });

    it('may be saved where they are', async () => {
      await mine.save('policy', 5);
      await mine.save('policy', 5);
      expect(await mine.load('policy')).toBe(5);
    });

    it('let only one of two move on', async () => {
      await mine.load('policy');
      await other.load('policy');
      await mine.save('policy', 10);
      await expect(other.save('policy', 12)).rejects.toMatchObject({ code: 'checkpoint-moved' });
      await other.load('policy');
      await other.save('policy', 12);
      await expect(mine.save('policy', 13)).rejects.toMatchObject({ code: 'checkpoint-moved' });
      expect(await mine.load('policy')).toBe(12);
    });

    it('are not moved by whoever never looked where they are', async () => {
      await mine.save('policy', 10);
      await expect(other.save('policy', 20)).rejects.toMatchObject({ code: 'checkpoint-moved' });
    });
  });
};
