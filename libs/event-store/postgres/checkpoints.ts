import { type CheckpointStore, checkpointMoved } from '#eventing/checkpoint';
import type { Migration } from '#postgres/migrate';
import type { Postgres } from '#postgres/postgres';

const migrations: readonly Migration[] = [
  `
  -- How far each reader of all events has come. In the database of the key vault on purpose: when that is restored,
  -- readers go back with it and do again what it has forgotten.
  CREATE TABLE checkpoints (
    name text PRIMARY KEY,
    position bigint NOT NULL
  );
  `,
];

const NONE = -1;

/** The checkpoints of an installation. `close` leaves the pool to whoever opened it. */
export const openPostgresCheckpoints = async (postgres: Postgres): Promise<CheckpointStore> => {
  await postgres.migrate('checkpoints', migrations);
  /** Where each checkpoint may be when nobody else has moved it: one place, or more after an unknown outcome. */
  const seen = new Map<string, readonly number[]>();
  return {
    load: async (name) => {
      const { rows } = await postgres.query<{ position: string }>(
        'SELECT position FROM perennial.checkpoints WHERE name = $1',
        [name],
      );
      const position = Number(rows[0]?.position ?? NONE);
      seen.set(name, [position]);
      return position;
    },
    save: async (name, position) => {
      const expected = seen.get(name) ?? [NONE];
      // Should the answer be lost, it may stand here or there.
      seen.set(name, [...new Set([...expected, position])]);
      const updated = await postgres.query(
        'UPDATE perennial.checkpoints SET position = $2 WHERE name = $1 AND position = ANY ($3)',
        [name, position, expected],
      );
      const made =
        updated.count === 0 &&
        expected.includes(NONE) &&
        (await postgres.query('INSERT INTO perennial.checkpoints VALUES ($1, $2) ON CONFLICT DO NOTHING', [
          name,
          position,
        ]));
      if (updated.count + (made ? made.count : 0) === 0) {
        seen.set(name, expected);
        throw checkpointMoved(name, expected[0] ?? NONE);
      }
      seen.set(name, [position]);
    },
    close: async () => {},
  };
};
