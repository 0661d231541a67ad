import type { Admin } from 'kafkajs';
import { lastingProblem } from '#event-stream/doubts';
import type { Checkpoint } from '#event-stream/kafka/checkpoint-record';
import { checkpointTopicOf } from '#event-stream/kafka/topics';
import { PerennialError } from '#eventing/errors';
import type { EventStore } from '#eventing/event-store';

const WAY_OUT =
  'Going on would send events twice or leave some out. Stop relays, projectors, command-api and analytics; then ' +
  'either bring back what is missing, or make both topics and the warehouse anew, exactly as docs/how-to/backup.md ' +
  'says under "When Kafka is lost": scores and audiences exist only in the warehouse, and are kept first.';

export const NOTHING_WRITTEN: Checkpoint = { position: -1, next: new Map() };

/**
 * Compares a checkpoint with what it speaks of.
 * @param checkpoint undefined when the checkpoint topic holds none: fine while the topic has never been written to
 * @throws PerennialError `checkpoint-lost`, `topic-behind-checkpoint`, `event-store-behind-checkpoint`
 */
export const mustFit = async (
  checkpoint: Checkpoint | undefined,
  { topic, admin, eventStore }: { topic: string; admin: Admin; eventStore: EventStore },
): Promise<void> => {
  const offsets = () => admin.fetchTopicOffsets(topic);
  if (!checkpoint) {
    if ((await offsets()).every(({ high }) => Number(high) === 0)) return;
    throw lost(
      'checkpoint-lost',
      `${checkpointTopicOf(topic)} holds no checkpoint, but ${topic} has been written to.`,
    );
  }
  const behind = await lastingProblem(async () => {
    const ends = new Map((await offsets()).map(({ partition, high }) => [partition, Number(high)]));
    return [...checkpoint.next]
      .map(([partition, next]) => ({ partition, next, end: ends.get(partition) ?? 0 }))
      .find(({ end, next }) => end < next);
  });
  if (behind)
    throw lost(
      'topic-behind-checkpoint',
      `${topic} ends at offset ${behind.end} in partition ${behind.partition}, but the checkpoint knows events up ` +
        `to ${behind.next}: it was made anew, or has lost what was acknowledged.`,
    );
  const head = await eventStore.head();
  if (head < checkpoint.position)
    throw new PerennialError(
      'refused',
      'event-store-behind-checkpoint',
      `The event store ends at position ${head}, but the topic has events up to ${checkpoint.position}: it is ` +
        `another event store, or was restored from an older backup. ${WAY_OUT}`,
    );
};

const lost = (code: string, message: string): PerennialError =>
  new PerennialError('refused', code, `${message} ${WAY_OUT}`);
