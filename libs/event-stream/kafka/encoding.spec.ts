import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Encoder, encodeQuickly } from './encoding.js';

const encodeRecord = createRequire(import.meta.url)(
  'kafkajs/src/protocol/recordBatch/record/v0/index.js',
) as (record: object) => { readonly buffer: Buffer };

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 200, maxLength: 3_000 }));
const record = fc.record({
  key: fc.option(text),
  value: fc.option(fc.oneof(text, fc.uint8Array().map(Buffer.from))),
  headers: fc.dictionary(fc.string(), text),
  offsetDelta: fc.nat(),
  timestampDelta: fc.nat(),
});
const RECORDS = fc.sample(record, { seed: 1, numRuns: 100 });
const NUMBERS = [0, 1, 63, 64, 127, 128, 16_383, 16_384, 2 ** 31 - 1, -1, -64, -65, -(2 ** 31)];

const records = () => RECORDS.map((one) => encodeRecord(one).buffer.toString('hex'));

const numbers = () =>
  NUMBERS.map((number) => {
    const encoder = new Encoder() as unknown as { writeVarInt(value: number): { readonly buffer: Buffer } };
    return encoder.writeVarInt(number).buffer.toString('hex');
  });

describe('encodeQuickly', () => {
  it('changes no byte of what the Kafka client writes', () => {
    const before = { records: records(), numbers: numbers() };
    const { prototype, nextPowerOfTwo } = Encoder;
    const { ensureAvailable, writeUVarInt } = prototype;
    encodeQuickly();
    try {
      expect(Encoder.prototype.writeUVarInt).not.toBe(writeUVarInt);
      expect({ records: records(), numbers: numbers() }).toEqual(before);
      expect(new Encoder().buf).toHaveLength(0);
    } finally {
      Object.assign(prototype, { ensureAvailable, writeUVarInt });
      Encoder.nextPowerOfTwo = nextPowerOfTwo;
    }
  });
});
