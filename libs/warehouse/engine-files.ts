import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

// How the engine keeps tables in its directory: store/<first letters>/<id of the table>/<parts and logs>.

/** The directories of all its tables. */
export const tableDirectories = (directory: string): string[] =>
  entries(join(directory, 'store')).flatMap((group) => entries(group));

/** The paths of what stands in a directory, if it is there. */
export const entries = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
