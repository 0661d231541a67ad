import { PerennialError } from '#eventing/errors';

/** How far the relay has come: a record in the checkpoint topic, written together with the events that lead there. */
export interface Checkpoint {
  /** Every event up to this position is in the topic; -1 for none. */
  readonly position: number;
  /** Per partition that has any, the offset after its last event. */
  readonly next: ReadonlyMap<number, number>;
}

/** The topic is compacted: the last checkpoint is never lost. */
export const CHECKPOINT_KEY = 'relay';

export interface CheckpointMessage {
  readonly key: string;
  readonly value: string;
}

export const encodeCheckpoint = ({ position, next }: Checkpoint): CheckpointMessage => ({
  key: CHECKPOINT_KEY,
  value: JSON.stringify({ position, next: Object.fromEntries(next) }),
});

/**
 * Undefined for a record of the checkpoint topic that is no checkpoint: relays also mark there when they begin.
 * @throws PerennialError `checkpoint-unreadable`
 */
export const decodeCheckpoint = ({
  key,
  value,
}: {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
}): Checkpoint | undefined => {
  if (key?.toString() !== CHECKPOINT_KEY || value === null) return undefined;
  const text = value.toString();
  const { position, next } = parsed(text);
  if (!isWhole(position, -1) || typeof next !== 'object' || next === null || Array.isArray(next))
    throw unreadable(text);
  const offsets = new Map<number, number>();
  for (const [partition, offset] of Object.entries(next)) {
    if (!/^\d+$/.test(partition) || !isWhole(offset, 0)) throw unreadable(text);
    offsets.set(Number(partition), offset);
  }
  return { position, next: offsets };
};

const isWhole = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;

const parsed = (text: string): Record<string, unknown> => {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null) ?? {};
  } catch {
    throw unreadable(text);
  }
};

const unreadable = (text: string): PerennialError =>
  new PerennialError(
    'refused',
    'checkpoint-unreadable',
    `A record of the checkpoint topic is no checkpoint: ${text.slice(0, 200)}`,
  );
