import { expect, it } from '@jest/globals';
import { landingLine } from '#event-stream/landing-line';
import type { RecordedEvent } from '#eventing/event';
import { sale } from '#test/support/sales';
import { eventChecksum, lineContent } from './event-checksum.js';

const recorded = (change: Partial<RecordedEvent> = {}): RecordedEvent => ({
  ...sale(7, 'a "note", ,"data":{}\n\\ 🌷'),
  stream: 'sale-,"data":7',
  revision: 3,
  position: 41,
  recordedAt: '2026-01-02T23:59:59.999Z',
  ...change,
});

it.each([
  ['an object', {}],
  ['an array', { data: [1, 'x'] }],
  ['a text that the store has', { dataJson: '{"amount": 1.00}' }],
])('the line of an event tells what the event does, with data that are %s', (_, change) => {
  const event = recorded(change);
  const content = { position: 41, day: '2026-01-02', checksum: eventChecksum(event) };
  expect(lineContent(landingLine(event).line)).toEqual(content);
  const { line } = landingLine(recorded({ ...change, revision: 4 }));
  expect(lineContent(line)?.checksum).not.toBe(content.checksum);
});

it.each(['', 'x', '{}', '{"position":1}', '{"position":-,"data":{}}', '{"position":"1","data":{}}'])(
  'what is no line of an event tells nothing: %s',
  (line) => expect(lineContent(line)).toBeUndefined(),
);
