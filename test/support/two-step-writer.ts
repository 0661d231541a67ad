import {
  inTransaction,
  type OpenWriter,
  relayProducer,
  sendCheckpoint,
  sendEvents,
  sendMark,
} from '#event-stream/kafka/transactional-writer';

/**
 * A relay's writer with a mistake: the checkpoint follows in a transaction of its own. What is written twice with it
 * is what a checker has to find.
 * @param between awaited between the two
 */
export const openTwoStepWriter =
  (between: () => Promise<void> = async () => {}): OpenWriter =>
  async ({ kafka, topic, name, maxMessageBytes }) => {
    const producer = relayProducer(kafka, topic);
    await producer.connect();
    const mark = await inTransaction(producer, (transaction) => sendMark(transaction, topic, name));
    return {
      mark,
      write: async (events, before) => {
        const after = await inTransaction(producer, (transaction) =>
          sendEvents(transaction, topic, events, before, maxMessageBytes),
        );
        if (events.length > 0) await between();
        await inTransaction(producer, (transaction) => sendCheckpoint(transaction, topic, after));
        return after;
      },
      close: () => producer.disconnect(),
    };
  };
