import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RelayProgress } from './relay-progress.js';

const NOW = Date.UTC(2025, 0, 1);

describe('how far a relay is behind', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: NOW, doNotFake: ['performance'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is nothing when it has everything, and not known before it has begun', () => {
    const progress = new RelayProgress();
    expect(progress.status()).toMatchObject({ lag: undefined, lagSeconds: undefined });
    progress.reached(10);
    progress.head(10);
    jest.advanceTimersByTime(60_000);
    expect(progress.status()).toMatchObject({ lag: 0, lagSeconds: 0 });
  });

  it('counts from when it saw that there is more', () => {
    const progress = new RelayProgress();
    progress.reached(10, NOW - 3_600_000); // long ago, and idle since
    progress.head(11);
    jest.advanceTimersByTime(4_000);
    progress.head(12);
    expect(progress.status()).toMatchObject({ lag: 2, lagSeconds: 4 });
  });

  it('counts from the last event that it brought while it catches up', () => {
    const progress = new RelayProgress();
    progress.reached(0);
    progress.head(1_000);
    progress.reached(500, NOW - 7_000);
    expect(progress.status()).toMatchObject({ lag: 500, lagSeconds: 7 });
    progress.reached(1_000, NOW - 1_000);
    expect(progress.status()).toMatchObject({ lag: 0, lagSeconds: 0 });
  });

  it('tells what it waits for now, and nothing that is over', () => {
    const progress = new RelayProgress();
    progress.is('active');
    progress.failed(new Error('The event store is away'));
    expect(progress.status().reason).toBe('The event store is away');
    progress.worked();
    expect(progress.status().reason).toBe('active');
    progress.writes();
    jest.advanceTimersByTime(6_000);
    expect(progress.status().reason).toContain('Kafka');
    progress.reached(1);
    expect(progress.status().reason).toBe('active');
  });
});
