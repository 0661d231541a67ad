import type { RecordedEvent } from '#eventing/event';
import type { Sealer } from '#personal-data/sealer';

/** An event for people: what was written is opened, what belongs to the stores alone is left out. */
export const readableEvent = async (
  { position, type, stream, revision, data, metadata, recordedAt }: RecordedEvent,
  sealer: Sealer,
) => ({
  position,
  type,
  stream,
  revision,
  occurredAt: metadata.occurredAt,
  businessDate: metadata.businessDate,
  recordedAt,
  actor: metadata.actor,
  data: await sealer.openFields(data, { owner: metadata.customerId ?? stream, stream }),
});
