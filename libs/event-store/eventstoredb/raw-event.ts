import type { AllStreamSubscription, ResolvedEvent } from '@eventstore/db-client';
import type { EventMetadata, RecordedEvent } from '#eventing/event';
import { isOurs, isOursByName, recordedEvent, safeNumber } from './recorded-event.js';
import { Fields } from './wire.js';

const JSON_CONTENT = 'application/json';
/** The store counts time in tenths of microseconds; these digits are beyond a millisecond. */
const SUB_MILLISECOND_DIGITS = 4;

/** An event whose data stay the text they came as until somebody looks: the way to the warehouse needs only that. */
class RawEvent implements RecordedEvent {
  #data: unknown;

  constructor(
    readonly id: string,
    readonly type: string,
    readonly stream: string,
    readonly revision: number,
    readonly position: number,
    readonly recordedAt: string,
    readonly schemaVersion: number,
    readonly metadata: EventMetadata,
    readonly dataJson: string,
  ) {}

  get data(): unknown {
    this.#data ??= JSON.parse(this.dataJson);
    return this.#data;
  }
}

/** As much of the client's own class for an answer as its Subscription asks an answer with an event for. */
export class RawAnswer {
  /** Undefined for what is not ours to see. */
  constructor(readonly raw: RecordedEvent | undefined) {}

  hasEvent(): boolean {
    return true;
  }

  getEvent(): this {
    return this;
  }
}

// Numbers of fields in the client's streams.proto and shared.proto.
const RESPONSE_EVENT = 1;
const READ_EVENT_EVENT = 1;
const UUID_STRING = 2;
const STREAM_NAME = 3;
const EVENT = { id: 1, stream: 2, revision: 3, position: 5, envelope: 6, metadata: 7, data: 8 } as const;
const ENTRY = { key: 1, value: 2 } as const;

/**
 * An answer with an event, straight from its bytes: objects of protobuf in between, and data that is parsed, would be
 * half the work of catching up. Undefined for an answer without one.
 */
export const rawAnswer = (bytes: Buffer): RawAnswer | undefined => {
  const response = new Fields(bytes);
  if (!response.next() || response.number !== RESPONSE_EVENT) return undefined;
  const read = response.message;
  while (read.next()) if (read.number === READ_EVENT_EVENT) return new RawAnswer(rawEvent(read.message));
  return new RawAnswer(undefined);
};

const rawEvent = (event: Fields): RawEvent | undefined => {
  let [id, stream, type, contentType, created, metadata, data] = ['', '', '', '', '0', '', ''];
  let [revision, position] = [0, 0];
  while (event.next()) {
    switch (event.number) {
      case EVENT.id:
        id = textIn(event.message, UUID_STRING);
        break;
      case EVENT.stream:
        stream = textIn(event.message, STREAM_NAME);
        break;
      case EVENT.revision:
        revision = event.value;
        break;
      case EVENT.position:
        position = event.value;
        break;
      case EVENT.envelope: {
        const name = textIn(event.message, ENTRY.key);
        if (name === 'type') type = textIn(event.message, ENTRY.value);
        else if (name === 'created') created = textIn(event.message, ENTRY.value);
        else if (name === 'content-type') contentType = textIn(event.message, ENTRY.value);
        break;
      }
      case EVENT.metadata:
        metadata = event.text;
        break;
      case EVENT.data:
        data = event.text;
        break;
    }
  }
  if (contentType !== JSON_CONTENT || !isOursByName(type, stream)) return undefined;
  const stored = parsed(metadata);
  if (!isOurs(stored)) return undefined;
  const { schemaVersion, ...ours } = stored;
  const recordedAt = new Date(Number(created.slice(0, -SUB_MILLISECOND_DIGITS))).toISOString();
  return new RawEvent(
    id,
    type,
    stream,
    revision,
    safeNumber(position),
    recordedAt,
    schemaVersion,
    ours,
    data,
  );
};

const textIn = (message: Fields, number: number): string => {
  while (message.next()) if (message.number === number) return message.text;
  return '';
};

/**
 * Makes a subscription pass on raw answers as they are. The client's Subscription takes its conversion from a member
 * that its types call protected.
 */
export const deliverRaw = (source: AllStreamSubscription): void => {
  const { convertGrpcEvent: converted } = source as unknown as { convertGrpcEvent(event: unknown): unknown };
  const conversion = (event: unknown) => (event instanceof RawAnswer ? event : converted(event));
  Object.assign(source, { convertGrpcEvent: conversion });
};

/** What such a subscription delivers; undefined for what is not ours to see. */
export const delivered = (item: ResolvedEvent | RawAnswer): RecordedEvent | undefined =>
  item instanceof RawAnswer ? item.raw : recordedEvent(item);

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // another program's
  }
};
