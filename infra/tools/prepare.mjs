// Installs and builds what is missing or stale, and nothing else. Runs before node_modules exists: only node: imports.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const quiet = process.argv.includes('--quiet');
const installed = join(root, 'node_modules', '.perennial-installed');
const built = join(root, 'dist', '.built');

const say = (text) => quiet || process.stderr.write(`${text}\n`);

const run = (command, args, options = {}) => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}\n${command} ${args.join(' ')} failed\n`);
  process.exit(1);
};

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

/** Path, size and time of every source: a change to any of them makes the build stale. */
const stateOf = (dir, hash) => {
  for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) stateOf(path, hash);
    else if (/(?<!\.spec)\.ts$/.test(entry.name)) {
      const { size, mtimeMs } = statSync(path);
      hash.update(`${path}\n${size}\n${mtimeMs}\n`);
    }
  }
};

const install = () => {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  if (read(installed) === wanted) return;
  say('Installing dependencies (the first time takes a minute or two) ...');
  // Not `npm ci`: it refuses a lock file that names the optional binaries of one platform only. The lock is kept.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: quiet ? 'pipe' : ['ignore', 2, 2],
  });
  writeFileSync(installed, wanted);
};

const build = () => {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, '.swcrc')))
    .update(read(installed) ?? '');
  for (const dir of ['apps', 'libs']) stateOf(join(root, dir), hash);
  const wanted = hash.digest('hex');
  if (read(built) === wanted) return;
  say('Building ...');
  // Built beside and swapped: a server that runs from dist keeps its files until the end.
  const fresh = join(root, `dist.${process.pid}`);
  mkdirSync(fresh, { recursive: true });
  run(process.execPath, [
    join(root, 'node_modules', '@swc', 'cli', 'bin', 'swc.js'),
    'apps',
    'libs',
    '--out-dir',
    fresh,
    '--ignore',
    '**/*.spec.ts',
    '--quiet',
  ]);
  writeFileSync(join(fresh, '.built'), wanted);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(fresh, join(root, 'dist'));
};

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  process.stderr.write(`Perennial needs Node.js 20.11 or newer; this is ${process.version}\n`);
  process.exit(1);
}
install();
if (!process.argv.includes('--install-only')) build();
