import { describe, expect, it } from '@jest/globals';
import { landingProblem } from '../landing-problem.js';
import { streamRecord } from './records.js';

const message = (value: Buffer | null, headers = {}) => ({
  key: null,
  value,
  timestamp: '1',
  attributes: 0,
  offset: '9007199254740991',
  headers,
});

describe('a record of the topic', () => {
  it('gives its line as it is, unchecked, and its headers as texts', () => {
    const headers = { type: Buffer.from('Sold'), twice: [Buffer.from('a'), 'ü'], none: undefined };
    expect(streamRecord(message(Buffer.from('{"a":"🌷"}'), headers))).toEqual({
      offset: 9007199254740991,
      line: '{"a":"🌷"}',
      checked: false,
      headers: { type: 'Sold', twice: 'ü' },
    });
  });

  it.each([
    ['a tombstone', null, ''],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d]), 'not UTF-8, in base64: e/99'],
  ])('is a line that cannot be landed, of %s', (_, value, line) => {
    expect(streamRecord(message(value)).line).toBe(line);
    expect(landingProblem(line)).toBe('is not one line of JSON');
  });
});
