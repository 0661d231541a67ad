import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import type { AppendReq, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { status as grpcStatus, Metadata, type ServiceError } from '@grpc/grpc-js';
import anyProto from 'google-protobuf/google/protobuf/any_pb.js';
import emptyProto from 'google-protobuf/google/protobuf/empty_pb.js';
import type { EventMetadata, NewEvent } from '#eventing/event';
import {
  AppendTooLarge,
  type ExpectedRevision,
  StreamDeleted,
  WrongExpectedRevision,
} from '#eventing/event-store';

export const newEvent = (message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage): NewEvent => {
  const { schemaVersion, ...metadata } = JSON.parse(
    text(message.getCustomMetadata_asU8()),
  ) as EventMetadata & {
    schemaVersion: number;
  };
  return {
    id: message.getId()?.getString() ?? '',
    type: message.getMetadataMap().get('type') ?? '',
    data: JSON.parse(text(message.getData_asU8())),
    schemaVersion,
    metadata,
  };
};

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export const streamOf = (options: { getStreamIdentifier(): shared.StreamIdentifier | undefined }): string =>
  text(options.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array());

/** The four forms, in which all requests say the same. */
export const expectedOf = (options: {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
  getRevision?(): string;
  getStreamPosition?(): string;
}): ExpectedRevision => {
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasAny()) return 'any';
  if (options.hasStreamExists()) return 'stream-exists';
  return Number(options.getRevision?.() ?? options.getStreamPosition?.());
};

/** A failed append in a batch is an answer, not a failed call. */
export const batchError = (error: unknown): status.Status => {
  const details = new anyProto.Any();
  const pack = (name: string, message: { serializeBinary(): Uint8Array }) =>
    details.pack(message.serializeBinary(), `event_store.client.${name}`);
  if (error instanceof WrongExpectedRevision) pack('WrongExpectedVersion', wrongExpectedVersion(error));
  else if (error instanceof StreamDeleted) pack('StreamDeleted', new shared.StreamDeleted());
  else if (error instanceof AppendTooLarge)
    pack('MaximumAppendSizeExceeded', new shared.MaximumAppendSizeExceeded().setMaxappendsize(1024 * 1024));
  else pack('Unknown', new shared.Unknown());
  return new status.Status().setMessage(String(error)).setDetails(details);
};

const wrongExpectedVersion = ({ expected, actual }: WrongExpectedRevision): shared.WrongExpectedVersion => {
  const wrong = new shared.WrongExpectedVersion();
  if (actual < 0) wrong.setCurrentNoStream(new emptyProto.Empty());
  else wrong.setCurrentStreamRevision(String(actual));
  if (expected === 'no-stream') wrong.setExpectedNoStream(new emptyProto.Empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new emptyProto.Empty());
  else if (expected === 'any') wrong.setExpectedAny(new emptyProto.Empty());
  else wrong.setExpectedStreamPosition(String(expected));
  return wrong;
};

const EXPECTED_NUMBER = { 'no-stream': -1, any: -2, 'stream-exists': -4 } as const;

/** The caller has not said who they are, or not so that it is believed. */
export class AccessDenied extends Error {}

/** The caller wants the leader, which is another. */
export class NotLeader extends Error {
  constructor(readonly leader: { readonly host: string; readonly port: number }) {
    super('Leader info available');
  }
}

/** Failed calls carry what went wrong in their metadata. */
export const serviceError = (error: unknown): Partial<ServiceError> => {
  const metadata = new Metadata();
  if (error instanceof AccessDenied) return { code: grpcStatus.UNAUTHENTICATED, details: 'No.', metadata };
  if (error instanceof NotLeader) {
    metadata.set('exception', 'not-leader');
    metadata.set('leader-endpoint-host', error.leader.host);
    metadata.set('leader-endpoint-port', String(error.leader.port));
    return { code: grpcStatus.NOT_FOUND, details: error.message, metadata };
  }
  if (error instanceof StreamDeleted) {
    metadata.set('exception', 'stream-deleted');
    metadata.set('stream-name', encodeURIComponent(error.stream));
  } else if (error instanceof WrongExpectedRevision) {
    const { expected, actual } = error;
    metadata.set('exception', 'wrong-expected-version');
    metadata.set('stream-name', encodeURIComponent(error.stream));
    metadata.set(
      'expected-version',
      String(typeof expected === 'number' ? expected : EXPECTED_NUMBER[expected]),
    );
    if (actual >= 0) metadata.set('actual-version', String(actual));
  }
  return { code: grpcStatus.FAILED_PRECONDITION, details: String(error), metadata };
};
