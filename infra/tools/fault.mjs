// `npm run fault -- --faults 1000 --seed 7 [--minutes 60] [--keep]`: the whole distributed set under load and faults.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

run(join(root, 'infra', 'tools', 'prepare.mjs'));
run(
  '--conditions=source',
  '--no-warnings',
  '--import',
  './test/support/ts-register.mjs',
  join(root, 'test', 'fault', 'distributed.main.ts'),
  ...process.argv.slice(2),
);
