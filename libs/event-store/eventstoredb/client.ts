import { EventStoreDBClient } from '@eventstore/db-client';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { rawAnswer } from './raw-event.js';

/**
 * A client that makes a call of its own of every append. With the batched appends that it would choose the answers of
 * all clients of a process stand in one table, which is cleared when one of them loses its connection: the next answer
 * to another client then ends the process. Besides, only a call of its own has a deadline, and is sent to the leader.
 *
 * Its subscriptions bring raw answers. The services that it calls come from a member that its types call private;
 * should a later client not look there, events come the slower way.
 */
export const openClient = (connectionString: string): EventStoreDBClient => {
  const client = EventStoreDBClient.connectionString(connectionString);
  const { createGRPCClient } = client as unknown as { createGRPCClient(service: unknown): Promise<unknown> };
  return Object.assign(client, {
    // It asks itself whether the server can take batches.
    supports: async () => false,
    createGRPCClient: async (service: unknown) => {
      const calls = await createGRPCClient.call(client, service);
      if (calls instanceof streams.StreamsClient) subscribeRaw(calls);
      return calls;
    },
  });
};

const { path, requestSerialize, responseDeserialize } = streams.StreamsService.read;

/** What the Subscription of the client takes for its own class: see RawAnswer. */
const deserialize = (bytes: Buffer): ReadResp =>
  (rawAnswer(bytes) as unknown as ReadResp | undefined) ?? responseDeserialize(bytes);

const subscribeRaw = (calls: StreamsClient): void => {
  const read: (...call: Parameters<StreamsClient['read']>) => ReturnType<StreamsClient['read']> =
    calls.read.bind(calls);
  calls.read = ((request, metadata, options) =>
    request.getOptions()?.hasSubscription()
      ? calls.makeServerStreamRequest(path, requestSerialize, deserialize, request, metadata!, options)
      : read(request, metadata, options)) as typeof read as StreamsClient['read'];
};
