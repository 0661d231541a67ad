import { join } from 'node:path';
import { packageRoot } from '#platform/package-root';

const file = (...path: string[]): string => join(packageRoot(), ...path);

/** Node's options for a source of the repository that is no part of the build. */
const SOURCE = [
  '--conditions=source',
  '--no-warnings',
  '--import',
  file('test', 'support', 'ts-register.mjs'),
];

/** What node is given to run an application: as it was built, or from the sources when this runs from them. */
export const application = (name: string, main = 'main'): readonly string[] =>
  import.meta.url.endsWith('.ts')
    ? [...SOURCE, file('apps', name, `${main}.ts`)]
    : [file('dist', 'apps', name, `${main}.js`)];

/** The durable double of EventStoreDB: for whoever has no server, and for tests. */
export const eventStoreDouble = (database: string, port: number): readonly string[] => [
  ...SOURCE,
  file('test', 'support', 'eventstoredb-double', 'main.ts'),
  database,
  String(port),
];
