import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect, it } from '@jest/globals';
import { rawAnswer } from './raw-event.js';

const { ReadEvent } = streams.ReadResp;

const METADATA = { schemaVersion: 2, commandId: 'c', actor: 'größe 🌷' };

/** Through the client's own classes, fields that nobody asks for included. */
const recorded = ({
  type = 'Purchased',
  contentType = 'application/json',
  position = '4294967296123',
} = {}) => {
  const event = new ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString('b6b0c3f4-5d6e-5a2f-9c1d-7e8f90a1b2c3'))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from('purchase-ü')))
    .setStreamRevision('300')
    .setPreparePosition('1')
    .setCommitPosition(position)
    .setCustomMetadata(Buffer.from(JSON.stringify(METADATA)))
    .setData(Buffer.from('{ "total": "1.00" }'));
  event
    .getMetadataMap()
    .set('type', type)
    .set('content-type', contentType)
    .set('created', '17145576001230000')
    .set('else', 'x');
  return event;
};

const answerWith = (event: streams.ReadResp.ReadEvent.RecordedEvent | undefined): Buffer =>
  Buffer.from(
    new streams.ReadResp()
      .setEvent(
        new ReadEvent()
          .setEvent(event)
          .setLink(recorded({ type: 'Link' }))
          .setCommitPosition('7'),
      )
      .serializeBinary(),
  );

describe('rawAnswer', () => {
  it('reads the event that the client has written, with its data as they are stored', () => {
    const { raw } = rawAnswer(answerWith(recorded()))!;
    expect({ ...raw, data: raw!.data }).toEqual({
      id: 'b6b0c3f4-5d6e-5a2f-9c1d-7e8f90a1b2c3',
      type: 'Purchased',
      stream: 'purchase-ü',
      revision: 300,
      position: 4294967296123,
      recordedAt: '2024-05-01T10:00:00.123Z',
      schemaVersion: 2,
      metadata: { commandId: 'c', actor: 'größe 🌷' },
      dataJson: '{ "total": "1.00" }',
      data: { total: '1.00' },
    });
  });

  it.each([
    ['an event of the server itself', recorded({ type: '$metadata' })],
    ['an event that is not JSON', recorded({ contentType: 'application/octet-stream' })],
    ['an event without our metadata', recorded().setCustomMetadata(Buffer.from('{}'))],
    ['a link to an event that is gone', undefined],
  ])('is empty for %s', (_, event) => expect(rawAnswer(answerWith(event))).toEqual({ raw: undefined }));

  it('is nothing for an answer without an event', () => {
    const caughtUp = new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());
    expect(rawAnswer(Buffer.from(caughtUp.serializeBinary()))).toBeUndefined();
    expect(rawAnswer(Buffer.alloc(0))).toBeUndefined();
  });

  it('refuses a position that a number cannot hold, and a message that is cut off', () => {
    expect(() => rawAnswer(answerWith(recorded({ position: '18446744073709551615' })))).toThrow(RangeError);
    const whole = answerWith(recorded());
    for (let length = 1; length < whole.length; length++)
      expect(() => rawAnswer(whole.subarray(0, length))).toThrow(RangeError);
  });
});
