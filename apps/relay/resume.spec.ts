import { describe, expect, it } from '@jest/globals';
import type { Admin } from 'kafkajs';
import type { EventStore } from '#eventing/event-store';
import { mustFit } from './resume.js';

const eventStore = { head: async () => 100 } as EventStore;
const checkpoint = { position: 90, next: new Map([[0, 7]]) };

/** Ends that are told one after the other, the last one for ever. */
const topicWith = (...ends: number[]) => {
  let asked = 0;
  const admin = {
    fetchTopicOffsets: async () => {
      const end = ends[Math.min(asked++, ends.length - 1)];
      return [{ partition: 0, offset: `${end}`, high: `${end}`, low: '0' }];
    },
  } as Pick<Admin, 'fetchTopicOffsets'> as Admin;
  return { topic: 'crm.events', admin, eventStore };
};

describe('a relay that begins', () => {
  it('asks again when a broker that has just started says that the topic ends too early', async () => {
    await expect(mustFit(checkpoint, topicWith(3, 3, 7))).resolves.toBeUndefined();
  });

  it('refuses a topic that stays too short, and names the way out that keeps what only the warehouse has', async () => {
    await expect(mustFit(checkpoint, topicWith(3))).rejects.toMatchObject({
      code: 'topic-behind-checkpoint',
      message: expect.stringMatching(
        /ends at offset 3 in partition 0.* up to 7: .*Stop relays, projectors, command-api and analytics.*docs\/how-to\/backup\.md/,
      ),
    });
  });
});
