import { randomUUID } from 'node:crypto';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore, ReadStreamOptions } from '#eventing/event-store';
import { type Answer, answer, eventAnswer, LOG_STEP, systemAnswer } from './answers.js';
import type { Faults } from './faults.js';
import { streamOf } from './messages.js';

/** The log has one of the server's own events after every so many. */
const SYSTEM_EVENT_EVERY = 5;
/** Records a filtered subscription looks at between two checkpoints, times what it asks for. */
const CHECKPOINT_EVERY = 32;
const BACKWARDS = 1;
const BATCH = 100;

/** Answers the one call that reads: streams and `$all`, forwards and backwards, once and as a subscription. */
export class Reads {
  constructor(
    private readonly store: EventStore,
    private readonly faults: Faults,
  ) {}

  /** In batches, which reach the connection as one piece. */
  answer(request: ReadReq, gone: AbortSignal): AsyncGenerator<readonly Answer[]> {
    const options = request.getOptions() ?? new streams.ReadReq.Options();
    const stream = options.getStream();
    const all = options.getAll();
    if (options.hasSubscription() && all) return this.subscribe(options, all, gone);
    if (stream) return batched(this.stream(streamOf(stream), stream, options));
    if (all) return batched(this.all(all, options));
    throw new Error('Such a read is not part of the double.');
  }

  private async *stream(
    name: string,
    at: ReadReq.Options.StreamOptions,
    options: ReadReq.Options,
  ): AsyncGenerator<Answer> {
    const backwards = options.getReadDirection() === BACKWARDS;
    const reading: ReadStreamOptions = {
      direction: backwards ? 'backwards' : 'forwards',
      limit: Number(options.getCount()),
      ...(at.hasRevision() ? { from: Number(at.getRevision()) } : {}),
    };
    let found = false;
    for await (const event of this.store.readStream(name, reading)) {
      found = true;
      yield eventAnswer(event);
    }
    if (found) return;
    for await (const _last of this.store.readStream(name, { direction: 'backwards', limit: 1 })) return;
    const notFound = new streams.ReadResp.StreamNotFound().setStreamIdentifier(at.getStreamIdentifier());
    yield answer(new streams.ReadResp().setStreamNotFound(notFound));
  }

  private async *all(at: ReadReq.Options.AllOptions, options: ReadReq.Options): AsyncGenerator<Answer> {
    let left = Number(options.getCount());
    for await (const record of options.getReadDirection() === BACKWARDS
      ? this.backwards(at)
      : this.forwards(at)) {
      if (left-- <= 0) return;
      yield record;
    }
  }

  /** Includes the record at the position. */
  private async *forwards(at: ReadReq.Options.AllOptions): AsyncGenerator<Answer> {
    const from = positionIn(at) ?? 0;
    for await (const event of this.store.readAll({ after: Math.floor(from / LOG_STEP) - 1 })) {
      if (event.position * LOG_STEP >= from) yield eventAnswer(event);
      if (hasSystemEventBehind(event)) yield systemAnswer(event);
    }
  }

  /** Excludes the record at the position. */
  private async *backwards(at: ReadReq.Options.AllOptions): AsyncGenerator<Answer> {
    const from = positionIn(at) ?? Number.MAX_SAFE_INTEGER;
    for await (const event of this.store.readAll({
      direction: 'backwards',
      after: Math.floor(from / LOG_STEP) + 1,
    })) {
      if (hasSystemEventBehind(event) && event.position * LOG_STEP < from) yield systemAnswer(event);
      if (event.position * LOG_STEP < from) yield eventAnswer(event);
    }
  }

  /** Excludes the record at the position. */
  private async *subscribe(
    options: ReadReq.Options,
    at: ReadReq.Options.AllOptions,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Answer[]> {
    const confirmation = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
    yield [answer(new streams.ReadResp().setConfirmation(confirmation))];
    const caughtUp = answer(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
    const filter = options.getFilter();
    const regex = filter?.getEventType()?.getRegex();
    const showSystem = !regex || new RegExp(regex).test('$statsCollected');
    const checkpointEvery = filter ? filter.getCheckpointintervalmultiplier() * CHECKPOINT_EVERY : Infinity;
    const { repeated } = this.faults;
    const after = Math.floor((positionIn(at) ?? 0) / LOG_STEP) - repeated;
    if (repeated > 0) this.faults.onRepeat(repeated);
    let behind: number | undefined = await this.store.head();
    if (behind <= after) {
      behind = undefined;
      yield [caughtUp];
    }
    let seen = 0;
    for await (const batch of this.store.subscribeToAll({ after, signal, batchSize: BATCH })) {
      const answers: Answer[] = [];
      for (const event of batch) {
        answers.push(this.faults.torn ? torn(eventAnswer(event)) : eventAnswer(event));
        if (showSystem && hasSystemEventBehind(event)) answers.push(systemAnswer(event));
        seen += 1;
        if (seen % checkpointEvery === 0) answers.push(checkpoint(event));
        if (event.position !== behind) continue;
        behind = undefined;
        answers.push(caughtUp);
      }
      yield answers;
    }
  }
}

const batched = async function* (responses: AsyncIterable<Answer>): AsyncGenerator<readonly Answer[]> {
  let batch: Answer[] = [];
  for await (const response of responses) {
    batch.push(response);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
};

const hasSystemEventBehind = ({ position }: RecordedEvent): boolean => position % SYSTEM_EVENT_EVERY === 0;

const checkpoint = ({ position }: RecordedEvent): Answer =>
  answer(
    new streams.ReadResp().setCheckpoint(
      new streams.ReadResp.Checkpoint()
        .setCommitPosition(String(position * LOG_STEP))
        .setPreparePosition(String(position * LOG_STEP)),
    ),
  );

const positionIn = (at: ReadReq.Options.AllOptions): number | undefined => {
  const position = at.getPosition()?.getCommitPosition();
  return position === undefined ? undefined : Number(position);
};

const torn = ({ bytes, isEvent }: Answer): Answer => ({ bytes: bytes.subarray(0, -1), isEvent });
