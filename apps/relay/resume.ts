import type { Admin } from 'kafkajs';
import type { Checkpoint } from '#event-stream/kafka/checkpoint-record';
import { checkpointTopicOf } from '#event-stream/kafka/topics';
import { PerennialError } from '#eventing/errors';
import type { EventStore } from '#eventing/event-store';

const WAY_OUT =
  'Going on would send events twice or leave some out. Stop relays and projectors; then either bring the missing ' +
  'topic back, or delete both topics, rebuild the warehouse from an empty one, and start again: everything is read ' +
  'again from the event store.';

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
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
  );
  if (!checkpoint) {
    if ([...ends.values()].every((end) => end === 0)) return;
    throw lost(
      'checkpoint-lost',
      `${checkpointTopicOf(topic)} holds no checkpoint, but ${topic} has been written to.`,
    );
  }
  for (const [partition, next] of checkpoint.next) {
    const end = ends.get(partition) ?? 0;
    if (end < next)
      throw lost(
        'topic-behind-checkpoint',
        `${topic} ends at offset ${end} in partition ${partition}, but the checkpoint knows events up to ${next}: ` +
          'it was made anew, or has lost what was acknowledged.',
      );
  }
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
