import { once } from 'node:events';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type { Empty } from '@eventstore/db-client/generated/shared_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import type { AppendResult, ExpectedRevision } from '#eventing/event-store';
import { batchError, expectedOf, LOG_STEP, newEvent, serviceError, streamOf } from './messages.js';
import { Reads } from './reads.js';
import { TcpGate } from './tcp-gate.js';

/**
 * A server that the real EventStoreDB client talks to over gRPC: the semantics of the embedded store behind the
 * service definitions that the client ships. It does what the product asks for and no more.
 */
export class EventStoreDbDouble {
  private readonly store: SqliteEventStore;
  private readonly reads: Reads;
  private readonly server = new Server();
  private gate: TcpGate | undefined;
  private losing = false;
  private silent = false;
  /** Events handed to the connections so far. */
  sent = 0;

  constructor(file: string) {
    this.store = new SqliteEventStore(file);
    this.reads = new Reads(this.store);
    this.server.addService(StreamsService, {
      read: this.read,
      append: this.append,
      batchAppend: this.batchAppend,
      tombstone: this.tombstone,
    });
    this.server.addService(ServerFeaturesService, { getSupportedMethods: this.getSupportedMethods });
  }

  /** @returns the connection string */
  async listen(port = 0): Promise<string> {
    const inner = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    this.gate = new TcpGate(inner);
    return `esdb://127.0.0.1:${await this.gate.listen(port)}?tls=false`;
  }

  dropConnections(): void {
    this.gate?.dropConnections();
  }

  /** The next append is carried out, and the connection is lost before it is answered. */
  loseNextAnswer(): void {
    this.losing = true;
  }

  /** From now on appends are carried out but not answered. */
  fallSilent(): void {
    this.silent = true;
  }

  async close(): Promise<void> {
    await this.gate?.close();
    this.server.forceShutdown();
    await this.store.close();
  }

  private readonly read: handleServerStreamingCall<ReadReq, ReadResp> = async (call) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    try {
      for await (const response of this.reads.answer(call.request, gone.signal)) {
        if (gone.signal.aborted) return;
        if (response.hasEvent()) this.sent += 1;
        if (!call.write(response)) await drained(call, gone.signal);
      }
      call.end();
    } catch (error) {
      call.emit('error', serviceError(error));
    }
  };

  private readonly append: handleClientStreamingCall<AppendReq, AppendResp> = async (call, answer) => {
    try {
      let options: AppendReq.Options | undefined;
      const messages: AppendReq.ProposedMessage[] = [];
      for await (const request of call as AsyncIterable<AppendReq>) {
        options ??= request.getOptions();
        const message = request.getProposedMessage();
        if (message) messages.push(message);
      }
      if (!options) throw new Error('no options');
      const result = await this.carryOut(streamOf(options), messages, expectedOf(options));
      if (!result) return;
      const position = new streams.AppendResp.Position()
        .setCommitPosition(String(result.position * LOG_STEP))
        .setPreparePosition(String(result.position * LOG_STEP));
      const success = new streams.AppendResp.Success()
        .setCurrentRevision(String(result.revision))
        .setPosition(position);
      answer(null, new streams.AppendResp().setSuccess(success));
    } catch (error) {
      answer(serviceError(error));
    }
  };

  private readonly batchAppend: handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> = (call) => {
    const open = new Map<
      string,
      { options: BatchAppendReq.Options; messages: BatchAppendReq.ProposedMessage[] }
    >();
    call.on('data', (request: BatchAppendReq) => {
      const id = request.getCorrelationId()?.getString() ?? '';
      const options = request.getOptions();
      if (options) open.set(id, { options, messages: [] });
      const append = open.get(id);
      if (!append) return;
      append.messages.push(...request.getProposedMessagesList());
      if (!request.getIsFinal()) return;
      open.delete(id);
      const correlated = new streams.BatchAppendResp()
        .setCorrelationId(request.getCorrelationId())
        .setStreamIdentifier(append.options.getStreamIdentifier());
      this.carryOut(streamOf(append.options), append.messages, expectedOf(append.options)).then(
        (result) => result && call.write(correlated.setSuccess(batchSuccess(result))),
        (error) => call.write(correlated.setError(batchError(error))),
      );
    });
    call.on('end', () => call.end());
  };

  /** Undefined when the answer is to be lost. */
  private async carryOut(
    stream: string,
    messages: readonly (AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage)[],
    expectedRevision: ExpectedRevision,
  ): Promise<AppendResult | undefined> {
    const result = await this.store.append(stream, messages.map(newEvent), { expectedRevision });
    if (this.losing) {
      this.losing = false;
      this.dropConnections();
      return undefined;
    }
    return this.silent ? undefined : result;
  }

  private readonly tombstone: handleUnaryCall<TombstoneReq, TombstoneResp> = async (call, answer) => {
    const options = call.request.getOptions();
    if (!options) return answer(new Error('no options'));
    try {
      await this.store.deleteStream(streamOf(options), { expectedRevision: expectedOf(options) });
      answer(null, new streams.TombstoneResp().setNoPosition(new shared.Empty()));
    } catch (error) {
      answer(serviceError(error));
    }
  };

  private readonly getSupportedMethods: handleUnaryCall<Empty, SupportedMethods> = (_call, answer) => {
    const methods = ['read', 'append', 'batchappend', 'tombstone'].map((name) =>
      new features.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name),
    );
    answer(
      null,
      new features.SupportedMethods().setEventStoreServerVersion('23.10.0.0').setMethodsList(methods),
    );
  };
}

const drained = (call: ServerWritableStream<ReadReq, ReadResp>, gone: AbortSignal): Promise<unknown> =>
  once(call, 'drain', { signal: gone }).catch(() => {}); // gone: the caller looks

const batchSuccess = ({ revision, position }: AppendResult): streams.BatchAppendResp.Success =>
  new streams.BatchAppendResp.Success()
    .setCurrentRevision(String(revision))
    .setPosition(
      new shared.AllStreamPosition()
        .setCommitPosition(String(position * LOG_STEP))
        .setPreparePosition(String(position * LOG_STEP)),
    );
