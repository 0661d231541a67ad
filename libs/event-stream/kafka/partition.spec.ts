import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { murmur2, partitionOf } from './partition.js';

describe('partitionOf', () => {
  // The values that the tests of Kafka's Java client expect.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Java does', (key, hash) => expect(murmur2(Buffer.from(key))).toBe(hash));

  // Fixed for ever: another partition for a key would break the order of its events.
  it.each([
    ['', 4, 1],
    ['anna', 4, 3],
    ['customer-1', 4, 1],
    ['größe 🌷', 4, 2],
    ['campaign-spring', 4, 0],
    ['customer-1', 12, 9],
  ])('puts %j among %i into %i', (key, partitions, partition) =>
    expect(partitionOf(key, partitions)).toBe(partition),
  );

  it('is what kafkajs chooses by default', () => {
    const choose = Partitioners.DefaultPartitioner();
    const metadata = (count: number) =>
      Array.from({ length: count }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 0,
        replicas: [],
        isr: [],
      }));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 64 }), (key, count) => {
        const chosen = choose({
          topic: 't',
          partitionMetadata: metadata(count),
          message: { key, value: null },
        });
        return chosen === partitionOf(key, count);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});
