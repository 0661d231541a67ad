import { type CheckpointStore, checkpointMoved } from '#eventing/checkpoint';
import { type Migration, openSqlite } from '#sqlite/open-sqlite';

const migrations: readonly Migration[] = [
  `
  -- How far each reader of all events has come. A file of its own, because it is written while the events' file
  -- is busy with what matters more.
  CREATE TABLE checkpoints (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

const NONE = -1;

/** The checkpoints of a data directory, in a small file of their own. */
export const openSqliteCheckpoints = (file: string): CheckpointStore => {
  const db = openSqlite(file, { migrations });
  const select = db.prepare<[string], number>('SELECT position FROM checkpoints WHERE name = ?').pluck();
  const insert = db.prepare('INSERT OR IGNORE INTO checkpoints VALUES (?, ?)');
  const update = db.prepare('UPDATE checkpoints SET position = ? WHERE name = ? AND position = ?');
  /** Where each checkpoint was when this store saw it last. */
  const seen = new Map<string, number>();
  return {
    load: async (name) => {
      const position = select.get(name) ?? NONE;
      seen.set(name, position);
      return position;
    },
    save: async (name, position) => {
      const expected = seen.get(name) ?? NONE;
      const { changes } =
        expected === NONE ? insert.run(name, position) : update.run(position, name, expected);
      if (changes === 0) throw checkpointMoved(name, expected);
      seen.set(name, position);
    },
    close: async () => {
      db.close();
    },
  };
};
