import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { PerennialError } from '#eventing/errors';
import { isRunning, processStart } from './process-identity.js';

/** Who uses a data directory, as its lock file says. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Told by the system: the same pid with another start is another process. */
  readonly processStart?: string;
  readonly since: string;
  /** Where the holder answers, once it listens. */
  readonly url?: string;
}

export interface DataDirectoryLock {
  /** Tells others where to turn to, once it is known. */
  announce(url: string): void;
  release(): void;
}

export class DataDirectoryInUse extends PerennialError {
  constructor(directory: string, { pid, host, since, url }: Holder) {
    const elsewhere = host === hostname() ? '' : ` on ${host}`;
    super(
      'unavailable',
      'data-directory-in-use',
      `${directory} is in use by process ${pid}${elsewhere} since ${since}` +
        `${url ? `, which answers at ${url}: use --url ${url} instead` : ', which is just starting or has no address'}` +
        `${elsewhere ? `. If that machine is gone, remove ${join(directory, 'lock')}` : ''}.`,
    );
  }
}

export class DirectoryUnusable extends PerennialError {
  constructor(directory: string, reason: string) {
    super('unavailable', 'directory-unusable', `${directory} cannot be made: ${reason}.`);
  }
}

/** Of what customers entrust: no other user of the machine gets into it. */
export const OWNER_ONLY = 0o700;

/**
 * Makes a directory that is not there, and those above it. Not by `recursive` of Node, which never ends below a
 * directory like /proc, where nothing can be made.
 * @param mode of those that are made; left out, as the process makes its files
 * @throws DirectoryUnusable
 */
export const makeDirectory = (directory: string, mode?: number): void => {
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
      throw new DirectoryUnusable(directory, 'it is there, and no directory');
    }
    if (code !== 'ENOENT' || existsSync(dirname(directory))) throw new DirectoryUnusable(directory, message);
    makeDirectory(dirname(directory), mode);
    makeDirectory(directory, mode);
  }
};

/**
 * Makes the directory and takes it for this process; the lock of a process that is gone is taken over.
 * @param mode of a directory that is made
 * @throws DataDirectoryInUse, DirectoryUnusable
 */
export const lockDataDirectory = (
  directory: string,
  { url, mode }: { readonly url?: string; readonly mode?: number } = {},
): DataDirectoryLock => {
  makeDirectory(directory, mode);
  const file = join(directory, 'lock');
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid),
    since: new Date().toISOString(),
    url,
  };
  while (!putIfAbsent(file, mine)) {
    const holder = read(file);
    if (!holder) continue;
    if (isAlive(holder)) throw new DataDirectoryInUse(directory, holder);
    remove(file, holder);
  }
  return {
    announce: (announced) => replace(file, { ...mine, url: announced }),
    release: () => {
      if (sameHolder(read(file), mine)) rmSync(file, { force: true });
    },
  };
};

/** Linked into place whole, so that nobody ever reads half a lock. */
const putIfAbsent = (file: string, holder: Holder): boolean => {
  const draft = write(`${file}.${process.pid}`, holder);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft);
  }
};

const replace = (file: string, holder: Holder): void =>
  renameSync(write(`${file}.${process.pid}`, holder), file);

/** Two may find the same dead holder: what is taken away is looked at again, and put back if it is alive. */
const remove = (file: string, dead: Holder): void => {
  const aside = `${file}.${process.pid}.dead`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = read(aside);
  if (taken && !sameHolder(taken, dead) && isAlive(taken)) linkSync(aside, file);
  rmSync(aside);
};

const write = (file: string, holder: Holder): string => {
  writeFileSync(file, `${JSON.stringify(holder)}\n`, { mode: 0o644 });
  return file;
};

/** Undefined when there is no lock any more; one that is no lock of ours counts as left by a dead process. */
const read = (file: string): Holder | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return { pid: 0, host: hostname(), since: '' };
    throw error;
  }
};

/** A process of another machine cannot be seen from here: it counts as alive. */
const isAlive = ({ pid, host, processStart: started }: Holder): boolean => {
  if (host !== hostname()) return true;
  if (pid === 0 || !isRunning(pid)) return false;
  const now = processStart(pid);
  return started === undefined || now === undefined || now === started;
};

const sameHolder = (a: Holder | undefined, b: Holder): boolean =>
  a?.pid === b.pid && a.host === b.host && a.since === b.since && a.processStart === b.processStart;
