// What the suites on real servers need and npm does not have: installed where that is possible, Debian as root.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';

const answers = (command, ...args) => spawnSync(command, args, { encoding: 'utf8' }).status === 0;

const hasJava = () => {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(?:1\.)?(\d+)/.exec(stderr ?? '')?.[1]) >= 17;
};

const hasPostgres = () =>
  answers('initdb', '--version') ||
  (existsSync('/usr/lib/postgresql') && readdirSync('/usr/lib/postgresql').length > 0);

const missing = () => [
  ...(hasJava() ? [] : ['default-jre-headless']),
  ...(answers('mvn', '-v') ? [] : ['maven']),
  ...(hasPostgres() ? [] : ['postgresql']),
];

/** Debian's package makes a cluster and starts it, unless it is told not to. */
const CLUSTERS = '/etc/postgresql-common/createcluster.d';

/** Installs what is missing. Does nothing where it may not: the suites say for themselves why they are skipped. */
export const installSystemPackages = () => {
  const packages = missing();
  if (packages.length === 0) return;
  const may =
    process.getuid?.() === 0 && existsSync('/etc/debian_version') && answers('apt-get', '--version');
  if (!may) {
    console.log(`Missing for the suites on real servers: ${packages.join(', ')} (Debian's names).`);
    return;
  }
  console.log(`Installing ${packages.join(', ')} for the suites on real servers ...`);
  if (packages.includes('postgresql')) {
    mkdirSync(CLUSTERS, { recursive: true });
    writeFileSync(`${CLUSTERS}/no-main-cluster.conf`, 'create_main_cluster = false\n');
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  run('update', '-qq');
  const { status } = run('install', '-qq', '-y', '--no-install-recommends', ...packages);
  if (status !== 0) console.log('They could not be installed.');
};
