import { afterEach, describe, expect, it } from '@jest/globals';
import type { LandedOffsets } from '#event-stream/event-stream';
import { createLogger } from '#platform/logging';
import { eventLine } from '#test/support/event-line';
import { MemoryLandedOffsets, MemoryStream } from '#test/support/memory-stream';
import type { Projector } from '../boundary.js';
import { ObservedLanding } from './observed-landing.js';

const nobody: Projector = { pause: async () => new Map(), resume: () => undefined };

describe('a landing that is only observed', () => {
  const observing: ObservedLanding[] = [];
  afterEach(async () => {
    for (const landing of observing.splice(0)) await landing.close();
  });

  const observe = (stream: MemoryStream, published: LandedOffsets) => {
    const landing = new ObservedLanding({
      stream,
      published,
      projector: nobody,
      log: createLogger('silent'),
    });
    observing.push(landing);
    return landing;
  };

  const streamOf = (events: number): MemoryStream => {
    const stream = new MemoryStream(2);
    for (let i = 0; i < events; i++) stream.append(eventLine(i), i % 2);
    return stream;
  };

  it('knows how far every partition is, and the position only up to the partition that is behind', async () => {
    const published = new MemoryLandedOffsets();
    const landing = observe(streamOf(10), published);
    await landing.started;
    expect(landing.landed()).toEqual({ offsets: new Map(), position: -1 });
    await published.publish(new Map([[0, 5]]));
    expect(await landing.waitFor(0, 5000)).toBe(true);
    expect(landing.landed()).toEqual({ offsets: new Map([[0, 4]]), position: 0 });
    const waiting = landing.waitFor(7, 5000);
    await published.publish(new Map([[1, 4]]));
    expect(await waiting).toBe(true);
    expect(await landing.waitFor(9, 60)).toBe(false);
  });

  it('forgets what was told of a topic that was made anew under the same name', async () => {
    let told = new Map([[0, 5], [1, 5]]); // biome-ignore format: one line
    const landing = observe(streamOf(10), { publish: async () => {}, read: async () => told });
    expect(await landing.waitFor(9, 5000)).toBe(true);
    told = new Map([[1, 5]]);
    await landing.freshness();
    expect(landing.landed()).toEqual({ offsets: new Map([[1, 4]]), position: -1 });
    told = new Map([[0, 2], [1, 1]]); // biome-ignore format: one line
    await landing.freshness();
    expect(landing.landed()).toEqual({ offsets: new Map([[0, 1], [1, 0]]), position: 2 }); // biome-ignore format: one line
    expect(await landing.waitFor(9, 60)).toBe(false);
  });

  it('does not believe offsets that the topic does not reach, until it does', async () => {
    const stream = streamOf(4);
    const published = new MemoryLandedOffsets();
    const landing = observe(stream, published);
    await published.publish(new Map([[0, 5], [1, 2]])); // biome-ignore format: one line
    await landing.freshness();
    await landing.freshness();
    expect(landing.landed()).toEqual({ offsets: new Map([[1, 1]]), position: -1 });
    expect((await landing.freshness()).events).toBe(2);
    for (let i = 0; i < 6; i++) stream.append(eventLine(4 + i), i % 2);
    expect(await landing.waitFor(4, 5000)).toBe(true);
  });

  it('knows how many events have not landed, and since when', async () => {
    const published = new MemoryLandedOffsets();
    const landing = observe(streamOf(10), published);
    const behind = await landing.freshness();
    expect(behind).toEqual({ events: 10, seconds: expect.any(Number) });
    while ((await landing.freshness()).seconds <= behind.seconds); // the age grows with the clock
    await published.publish(new Map([[0, 5], [1, 5]])); // biome-ignore format: one line
    expect(await landing.freshness()).toEqual({ events: 0, seconds: 0 });
  });

  it('goes on after it could not look', async () => {
    let failures = 3;
    const landing = observe(streamOf(2), {
      publish: async () => {},
      read: async () => {
        if (failures-- > 0) throw new Error('nobody answers');
        return new Map([[0, 1], [1, 1]]); // biome-ignore format: one line
      },
    });
    expect(await landing.waitFor(1, 5000)).toBe(true);
  });

  it('leaves nobody waiting when it is closed', async () => {
    const landing = observe(streamOf(2), new MemoryLandedOffsets());
    const waiting = landing.waitFor(1, 60_000);
    await landing.close();
    expect(await waiting).toBe(false);
  });
});
