import type { Migration } from '#postgres/migrate';

/**
 * Keys and look-ups stand in so many tables each, by a hash of their owner: an erasure writes one of them anew, and
 * that takes milliseconds. Fixed for good.
 */
export const PARTITIONS = 64;

export const migrations: readonly Migration[] = [
  `
  -- Which master key wraps the keys below: one row, by which another master key is refused.
  CREATE TABLE master_key (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    fingerprint text NOT NULL
  );

  -- One key per owner, a customer or a stream, wrapped by the master key.
  CREATE TABLE keys (
    owner text COLLATE "C" PRIMARY KEY,
    id text NOT NULL,
    version integer NOT NULL,
    wrapped bytea NOT NULL
  ) PARTITION BY HASH (owner);

  -- Who can be found by an e-mail address or a telephone number, of which there is only a keyed hash.
  CREATE TABLE look_ups (
    owner text COLLATE "C" NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (owner, hash)
  ) PARTITION BY HASH (owner);
  CREATE INDEX ON look_ups (hash);

  -- Owners that were erased: they get no key again.
  CREATE TABLE tombstones (
    owner text COLLATE "C" PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now(),
    -- False until the files that held the key, and the look-ups, were replaced.
    destroyed boolean NOT NULL DEFAULT false
  );
  CREATE INDEX ON tombstones (owner) WHERE NOT destroyed;

  -- keys_0 and look_ups_0 hold the same owners, and so on.
  DO $$ BEGIN
    FOR remainder IN 0..${PARTITIONS - 1} LOOP
      EXECUTE format('CREATE TABLE keys_%s PARTITION OF keys FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER %s)',
        remainder, remainder);
      EXECUTE format('CREATE TABLE look_ups_%s PARTITION OF look_ups FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER %s)',
        remainder, remainder);
    END LOOP;
  END $$;

  -- Statistics would keep copies of some values in a table of PostgreSQL's own.
  ALTER TABLE keys ALTER COLUMN id SET STATISTICS 0, ALTER COLUMN wrapped SET STATISTICS 0;
  ALTER TABLE look_ups ALTER COLUMN hash SET STATISTICS 0;
  `,
];
