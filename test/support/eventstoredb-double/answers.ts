import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import protobuf from 'google-protobuf';
import type { RecordedEvent } from '#eventing/event';

/** One answer to a call that reads, as the bytes that go over the wire. */
export interface Answer {
  readonly bytes: Buffer;
  readonly isEvent: boolean;
}

/** Positions in a real log are byte offsets, far apart. */
export const LOG_STEP = 100;
/** What the server logs about itself stands between the events. */
export const SYSTEM_OFFSET = 50;

/** The store counts time in tenths of microseconds. */
const BELOW_A_MS = '0000';

export const answer = (response: ReadResp): Answer => ({
  bytes: Buffer.from(response.serializeBinary()),
  isEvent: false,
});

export const eventAnswer = (event: RecordedEvent): Answer =>
  readEvent({
    id: event.id,
    created: createdText(event),
    type: event.type,
    stream: event.stream,
    revision: event.revision,
    position: event.position * LOG_STEP,
    data: event.dataJson ?? JSON.stringify(event.data),
    metadata: metadataText(event),
  });

/** Stands behind the event at a position. */
export const systemAnswer = (event: RecordedEvent): Answer =>
  readEvent({
    id: event.id,
    created: createdText(event),
    type: '$statsCollected',
    stream: '$stats-127.0.0.1:2113',
    revision: event.position,
    position: event.position * LOG_STEP + SYSTEM_OFFSET,
    data: '{"proc-cpu":1}',
    metadata: '',
  });

const createdText = ({ recordedAt }: RecordedEvent): string => Date.parse(recordedAt) + BELOW_A_MS;

/** Spliced, and no objects spread above: that cost more than all of the writing below. */
const metadataText = ({ schemaVersion, metadata }: RecordedEvent): string =>
  `{"schemaVersion":${schemaVersion},${JSON.stringify(metadata).slice(1)}`;

interface Fields {
  readonly id: string;
  readonly created: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly data: string;
  readonly metadata: string;
}

// Written straight into bytes, with the numbers of the client's streams.proto: through the generated classes an event
// costs the double three times as much, and benchmarks would measure the double.

const readEvent = (fields: Fields): Answer => {
  const writer = new protobuf.BinaryWriter();
  writer.writeMessage(1, fields, writeReadEvent);
  const { buffer, byteOffset, length } = writer.getResultBuffer();
  return { bytes: Buffer.from(buffer, byteOffset, length), isEvent: true };
};

const writeReadEvent = (fields: Fields, writer: protobuf.BinaryWriter): void => {
  writer.writeMessage(1, fields, writeRecordedEvent);
  writer.writeUint64(3, fields.position);
};

const writeRecordedEvent = (fields: Fields, writer: protobuf.BinaryWriter): void => {
  writer.writeMessage(1, fields.id, writeUuid);
  writer.writeMessage(2, fields.stream, writeStreamIdentifier);
  writer.writeUint64(3, fields.revision);
  writer.writeUint64(4, fields.position);
  writer.writeUint64(5, fields.position);
  writer.writeMessage(6, ['type', fields.type], writeEntry);
  writer.writeMessage(6, ['content-type', 'application/json'], writeEntry);
  writer.writeMessage(6, ['created', fields.created], writeEntry);
  writer.writeBytes(7, Buffer.from(fields.metadata));
  writer.writeBytes(8, Buffer.from(fields.data));
};

const writeUuid = (id: string, writer: protobuf.BinaryWriter): void => writer.writeString(2, id);

const writeStreamIdentifier = (stream: string, writer: protobuf.BinaryWriter): void =>
  writer.writeBytes(3, Buffer.from(stream));

const writeEntry = ([key, value]: string[], writer: protobuf.BinaryWriter): void => {
  writer.writeString(1, key!);
  writer.writeString(2, value!);
};
