// `npm test`: installs, then type check, lint, layer rules and every suite; all of them run, then the verdict.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSystemPackages } from './system-packages.mjs';
import { startTestServers } from './test-servers.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const tool = (...path) => join(root, 'node_modules', ...path);

const run = async (title, args, env = {}) => {
  const started = Date.now();
  console.log(`\n== ${title}`);
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  console.log(
    `== ${title}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
  return status === 0;
};

installSystemPackages();
if (!(await run('install and build', [join(root, 'infra', 'tools', 'prepare.mjs')]))) process.exit(1);

// They start while the sources are checked.
const starting = startTestServers();
const stopServers = async () => (await starting).stop();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void stopServers().finally(() => process.exit(1)));

const scratch = mkdtempSync(join(tmpdir(), 'perennial-test-'));
const results = join(scratch, 'jest.json');
try {
  const checks = [
    await run('types', [tool('typescript', 'bin', 'tsc'), '--noEmit']),
    await run('lint and format', [
      tool('@biomejs', 'biome', 'bin', 'biome'),
      'check',
      '--error-on-warnings',
      '.',
    ]),
    await run('layers', [
      tool('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      'apps',
      'libs',
      'test',
    ]),
    await run(
      'tests',
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        tool('jest', 'bin', 'jest.js'),
        '--json',
        `--outputFile=${results}`,
        ...process.argv.slice(2),
      ],
      (await starting).env,
    ),
  ];

  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(results, 'utf8'));
  const skippedInCi = process.env.CI === 'true' && numPendingTests > 0;
  if (skippedInCi) console.log('With CI=true a skipped test is a failure.');
  console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
  process.exitCode = checks.every(Boolean) && !skippedInCi ? 0 : 1;
} finally {
  await stopServers();
  rmSync(scratch, { recursive: true });
}
