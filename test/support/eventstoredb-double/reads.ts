import { randomUUID } from 'node:crypto';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { EventStore, ReadStreamOptions } from '#eventing/event-store';
import { eventResponse, LOG_STEP, streamOf, systemResponse } from './messages.js';

/** The log has one of the server's own events after every so many. */
const SYSTEM_EVENT_EVERY = 5;
const BACKWARDS = 1;

/** Answers the one call that reads: streams and `$all`, forwards and backwards, once and as a subscription. */
export class Reads {
  constructor(private readonly store: EventStore) {}

  async *answer(request: ReadReq, gone: AbortSignal): AsyncGenerator<ReadResp> {
    const options = request.getOptions() ?? new streams.ReadReq.Options();
    const stream = options.getStream();
    const all = options.getAll();
    if (options.hasSubscription() && all) yield* this.subscribe(options, all, gone);
    else if (stream) yield* this.stream(streamOf(stream), stream, options);
    else if (all) yield* this.all(all, options);
    else throw new Error('Such a read is not part of the double.');
  }

  private async *stream(
    name: string,
    at: ReadReq.Options.StreamOptions,
    options: ReadReq.Options,
  ): AsyncGenerator<ReadResp> {
    const backwards = options.getReadDirection() === BACKWARDS;
    const reading: ReadStreamOptions = {
      direction: backwards ? 'backwards' : 'forwards',
      limit: Number(options.getCount()),
      ...(at.hasRevision() ? { from: Number(at.getRevision()) } : {}),
    };
    let found = false;
    for await (const event of this.store.readStream(name, reading)) {
      found = true;
      yield eventResponse(event);
    }
    if (found) return;
    for await (const _last of this.store.readStream(name, { direction: 'backwards', limit: 1 })) return;
    const notFound = new streams.ReadResp.StreamNotFound().setStreamIdentifier(at.getStreamIdentifier());
    yield new streams.ReadResp().setStreamNotFound(notFound);
  }

  private async *all(at: ReadReq.Options.AllOptions, options: ReadReq.Options): AsyncGenerator<ReadResp> {
    let left = Number(options.getCount());
    for await (const record of options.getReadDirection() === BACKWARDS
      ? this.backwards(at)
      : this.forwards(at)) {
      if (left-- <= 0) return;
      yield record;
    }
  }

  /** Includes the record at the position. */
  private async *forwards(at: ReadReq.Options.AllOptions): AsyncGenerator<ReadResp> {
    const from = positionIn(at) ?? 0;
    for await (const event of this.store.readAll({ after: Math.floor(from / LOG_STEP) - 1 })) {
      if (event.position * LOG_STEP >= from) yield eventResponse(event);
      if (event.position % SYSTEM_EVENT_EVERY === 0) yield systemResponse(event);
    }
  }

  /** Excludes the record at the position. */
  private async *backwards(at: ReadReq.Options.AllOptions): AsyncGenerator<ReadResp> {
    const from = positionIn(at) ?? Number.MAX_SAFE_INTEGER;
    for await (const event of this.store.readAll({
      direction: 'backwards',
      after: Math.floor(from / LOG_STEP) + 1,
    })) {
      if (event.position % SYSTEM_EVENT_EVERY === 0 && event.position * LOG_STEP < from)
        yield systemResponse(event);
      if (event.position * LOG_STEP < from) yield eventResponse(event);
    }
  }

  /** Excludes the record at the position. */
  private async *subscribe(
    options: ReadReq.Options,
    at: ReadReq.Options.AllOptions,
    signal: AbortSignal,
  ): AsyncGenerator<ReadResp> {
    const confirmation = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
    yield new streams.ReadResp().setConfirmation(confirmation);
    const filtered = options.getFilter()?.getEventType()?.getRegex();
    const showSystem = !filtered || new RegExp(filtered).test('$statsCollected');
    const after = Math.floor((positionIn(at) ?? 0) / LOG_STEP);
    let head = await this.store.head();
    for await (const batch of this.store.subscribeToAll({ after, signal, batchSize: 100 })) {
      for (const event of batch) {
        yield eventResponse(event);
        if (showSystem && event.position % SYSTEM_EVENT_EVERY === 0) yield systemResponse(event);
        if (event.position !== head) continue;
        head = -1;
        yield new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());
      }
    }
  }
}

const positionIn = (at: ReadReq.Options.AllOptions): number | undefined => {
  const position = at.getPosition()?.getCommitPosition();
  return position === undefined ? undefined : Number(position);
};
