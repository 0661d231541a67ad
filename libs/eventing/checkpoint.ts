import { conflict, type PerennialError } from './errors.js';

/** How far a policy, or any other reader of all events, has come; saved after what it did is done. */
export interface CheckpointStore {
  /** The last position handled, fit for `subscribeToAll({ after })`; -1 when there is none yet. */
  load(name: string): Promise<number>;
  /**
   * Durable on return. Of two who move the same checkpoint the one who comes second fails.
   * @throws PerennialError `checkpoint-moved` when it is not where this store loaded or saved it last
   */
  save(name: string, position: number): Promise<void>;
  close(): Promise<void>;
}

export const checkpointMoved = (name: string, expected: number): PerennialError =>
  conflict(
    'checkpoint-moved',
    `The checkpoint ${name} is no longer at ${expected}: another process works under this name.`,
  );
