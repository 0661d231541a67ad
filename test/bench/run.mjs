// `npm run bench [-- NAME ...]`: installs the peers in a folder of their own, then runs every benchmark after the other.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const ALL = [
  'append',
  'http',
  'bulk',
  'landing',
  'rebuild',
  'models',
  'clv',
  'freshness',
  'start',
  'relay',
  'projector',
  'distributed',
];

const asked = process.argv.slice(2);
const wrong = asked.filter((name) => !ALL.includes(name));
if (wrong.length > 0) {
  console.error(`There are ${ALL.join(', ')}; not ${wrong.join(', ')}.`);
  process.exit(1);
}
const peers = join(here, 'peers');
if (!existsSync(join(peers, 'node_modules'))) {
  console.log('Installing the peers that are compared with ...');
  spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: peers,
    stdio: 'inherit',
  });
}
let failed = 0;
for (const name of asked.length > 0 ? asked : ALL) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(
    process.execPath,
    [
      '--conditions=source',
      '--no-warnings',
      '--import',
      './test/support/ts-register.mjs',
      `test/bench/${name}.ts`,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
