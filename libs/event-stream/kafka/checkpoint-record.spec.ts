import { describe, expect, it } from '@jest/globals';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-record.js';

const record = (value: string | null, key = 'relay') => ({
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
});

describe('a checkpoint as a record', () => {
  it('comes back as it was', () => {
    const checkpoint = {
      position: 41,
      next: new Map([
        [0, 17],
        [11, 4],
      ]),
    };
    expect(encodeCheckpoint(checkpoint)).toEqual({
      key: 'relay',
      value: '{"position":41,"next":{"0":17,"11":4}}',
    });
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint);
    expect(decodeCheckpoint(record('{"position":-1,"next":{}}'))).toEqual({ position: -1, next: new Map() });
  });

  it.each([
    ['another key', record('{}', 'beginning')],
    ['a tombstone', record(null)],
  ])('is not %s', (_, message) => expect(decodeCheckpoint(message)).toBeUndefined());

  it.each([
    'x',
    'null',
    '7',
    '{"next":{}}',
    '{"position":1}',
    '{"position":"1","next":{}}',
    '{"position":-2,"next":{}}',
    '{"position":1.5,"next":{}}',
    '{"position":1,"next":[4]}',
    '{"position":1,"next":{"a":4}}',
    '{"position":1,"next":{"0":-4}}',
    '{"position":1,"next":{"0":"4"}}',
  ])('is refused as %s', (value) =>
    expect(() => decodeCheckpoint(record(value))).toThrow(
      expect.objectContaining({ code: 'checkpoint-unreadable' }),
    ),
  );
});
