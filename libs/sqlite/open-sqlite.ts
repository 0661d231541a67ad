import Database from 'better-sqlite3';

export type Sqlite = Database.Database;

/** One step of a schema: SQL, or a function where SQL alone does not do. Never changed once released. */
export type Migration = string | ((db: Sqlite) => void);

export interface SqliteOptions {
  /** The file's `user_version` counts how many of these it has seen. */
  readonly migrations: readonly Migration[];
  /** Overwrites what is deleted with zeros, so that it cannot be read from the file's free pages. */
  readonly secureDelete?: boolean;
}

/** The file was written by a newer version of the program, which alone knows what it means. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
  constructor(
    readonly file: string,
    readonly found: number,
    readonly known: number,
  ) {
    super(
      `${file} has schema version ${found}; this version of the program knows up to ${known}. Update it.`,
    );
  }
}

const BUSY_TIMEOUT_MS = 5_000;

/** Opens a file so that what is committed stays: write-ahead log, synced at every commit. */
export const openSqlite = (file: string, { migrations, secureDelete = false }: SqliteOptions): Sqlite => {
  const db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    if (secureDelete) db.pragma('secure_delete = ON');
    migrate(db, file, migrations);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

const migrate = (db: Sqlite, file: string, migrations: readonly Migration[]): void => {
  const version = (): number => db.pragma('user_version', { simple: true }) as number;
  if (version() > migrations.length) throw new SchemaTooNew(file, version(), migrations.length);
  if (version() === migrations.length) return;
  // Immediate, so that of two processes opening a new file at once one waits for the other and finds it done.
  db.transaction(() => {
    for (const migration of migrations.slice(version())) {
      if (typeof migration === 'string') db.exec(migration);
      else migration(db);
    }
    db.pragma(`user_version = ${migrations.length}`);
  }).immediate();
};
