import { once } from 'node:events';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerWritableStream,
} from '@grpc/grpc-js';
import type { AppendResult, EventStore, ExpectedRevision } from '#eventing/event-store';
import { type Answer, LOG_STEP } from './answers.js';
import type { Faults } from './faults.js';
import { batchError, expectedOf, newEvent, serviceError, streamOf } from './messages.js';
import type { Reads } from './reads.js';

interface Door {
  /** Throws when the caller may not have an answer from here. */
  admit(metadata: Metadata): void;
  dropConnections(): void;
}

/** The calls of the service that reads and writes streams. */
export class StreamsCalls {
  /** Events handed to the connections so far. */
  sent = 0;

  constructor(
    private readonly store: EventStore,
    private readonly reads: Reads,
    private readonly faults: Faults,
    private readonly door: Door,
  ) {}

  private readonly read: handleServerStreamingCall<ReadReq, Answer> = async (call) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    try {
      this.door.admit(call.metadata);
      for await (const answers of this.reads.answer(call.request, gone.signal)) {
        await this.faults.silenceOver();
        if (gone.signal.aborted) return;
        let room = true;
        for (const answer of answers) {
          if (answer.isEvent) this.sent += 1;
          room = call.write(answer);
        }
        if (!room) await drained(call, gone.signal);
      }
      call.end();
    } catch (error) {
      call.emit('error', serviceError(error));
    }
  };

  private readonly append: handleClientStreamingCall<AppendReq, AppendResp> = async (call, answer) => {
    try {
      this.door.admit(call.metadata);
      let options: AppendReq.Options | undefined;
      const messages: AppendReq.ProposedMessage[] = [];
      for await (const request of call as AsyncIterable<AppendReq>) {
        options ??= request.getOptions();
        const message = request.getProposedMessage();
        if (message) messages.push(message);
      }
      if (call.cancelled) return; // cut off: perhaps not all of it
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
    try {
      this.door.admit(call.metadata);
    } catch (error) {
      call.emit('error', serviceError(error));
      return;
    }
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
    if (this.faults.loseNextAnswer) {
      this.faults.loseNextAnswer = false;
      this.door.dropConnections();
      return undefined;
    }
    await this.faults.silenceOver();
    return result;
  }

  private readonly tombstone: handleUnaryCall<TombstoneReq, TombstoneResp> = async (call, answer) => {
    const options = call.request.getOptions();
    if (!options) return answer(new Error('no options'));
    try {
      this.door.admit(call.metadata);
      await this.store.deleteStream(streamOf(options), { expectedRevision: expectedOf(options) });
      await this.faults.silenceOver();
      answer(null, new streams.TombstoneResp().setNoPosition(new shared.Empty()));
    } catch (error) {
      answer(serviceError(error));
    }
  };

  readonly handlers = {
    read: this.read,
    append: this.append,
    batchAppend: this.batchAppend,
    tombstone: this.tombstone,
  };
}

const drained = (call: ServerWritableStream<ReadReq, Answer>, gone: AbortSignal): Promise<unknown> =>
  once(call, 'drain', { signal: gone }).catch(() => {}); // gone: the caller looks

const batchSuccess = ({ revision, position }: AppendResult): streams.BatchAppendResp.Success =>
  new streams.BatchAppendResp.Success()
    .setCurrentRevision(String(revision))
    .setPosition(
      new shared.AllStreamPosition()
        .setCommitPosition(String(position * LOG_STEP))
        .setPreparePosition(String(position * LOG_STEP)),
    );
