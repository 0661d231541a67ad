// `npm test`: installs, then type check, lint, layer rules and every suite; all of them run, then the verdict.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const tool = (...path) => join(root, 'node_modules', ...path);

const run = (title, args, env = {}) => {
  const started = Date.now();
  console.log(`\n== ${title}`);
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  console.log(
    `== ${title}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
  return status === 0;
};

if (!run('install and build', [join(root, 'infra', 'tools', 'prepare.mjs')])) process.exit(1);

const scratch = mkdtempSync(join(tmpdir(), 'perennial-test-'));
const results = join(scratch, 'jest.json');
const checks = [
  run('types', [tool('typescript', 'bin', 'tsc'), '--noEmit']),
  run('lint and format', [tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.']),
  run('layers', [
    tool('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
    '--config',
    '.dependency-cruiser.cjs',
    'apps',
    'libs',
    'test',
  ]),
  run('tests', [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    tool('jest', 'bin', 'jest.js'),
    '--json',
    `--outputFile=${results}`,
    ...process.argv.slice(2),
  ]),
];

const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(results, 'utf8'));
rmSync(scratch, { recursive: true });
const skippedInCi = process.env.CI === 'true' && numPendingTests > 0;
if (skippedInCi) console.log('With CI=true a skipped test is a failure.');
console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
process.exit(checks.every(Boolean) && !skippedInCi ? 0 : 1);
