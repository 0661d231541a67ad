import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Where Debian and its relatives keep what they do not put on the PATH. */
const DEBIAN = '/usr/lib/postgresql';

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

/** The newest PostgreSQL of this machine, if there is one: of the PATH, or else of Debian's folder. */
export const postgresPrograms = (): Programs | undefined => {
  const debian = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(DEBIAN, version, 'bin'))
    : [];
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...debian];
  const home = folders.find((folder) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))),
  );
  return home === undefined ? undefined : { initdb: join(home, 'initdb'), postgres: join(home, 'postgres') };
};

/** Whom PostgreSQL runs as. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: then as somebody who may do less. Nobody in particular: as whoever runs this. */
export const postgresAccount = (): Account | undefined => {
  if (process.getuid?.() !== 0) return {};
  const user = ['postgres', 'nobody'].find((name) => spawnSync('id', ['-u', name]).status === 0);
  if (user === undefined) return undefined;
  const number = (option: string) => Number(execFileSync('id', [option, user], { encoding: 'utf8' }));
  return { uid: number('-u'), gid: number('-g') };
};

/** Why no PostgreSQL can be started on this machine; undefined when one can. */
export const postgresObstacle = (): string | undefined => {
  if (!postgresPrograms()) return 'PostgreSQL (initdb, postgres) is not installed';
  if (!postgresAccount()) return 'PostgreSQL does not run as root, and there is no user postgres or nobody';
  return undefined;
};

/** The first folder on the way to this one that the account may not pass, if there is one. */
export const closedFolder = (path: string, { uid, gid }: Account): string | undefined => {
  if (uid === undefined) return undefined;
  const parent = dirname(path);
  const { mode, uid: owner, gid: group } = statSync(parent);
  const needed = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  const above = parent === path ? undefined : closedFolder(parent, { uid, gid });
  return above ?? (mode & needed ? undefined : parent);
};
