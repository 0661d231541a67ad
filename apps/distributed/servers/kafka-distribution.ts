import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '#platform/package-root';
import { StartFailure } from './start-failure.js';

const OLDEST_JAVA = 17;

const infra = (): string => join(packageRoot(), 'infra', 'kafka');
const cache = (): string => join(packageRoot(), '.cache');

export const logConfiguration = (): string => join(infra(), 'log4j2.properties');

/** The program that runs a broker. */
export const java = (): string =>
  process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';

/** Why no broker can be started on this machine; undefined when one can. */
export const kafkaObstacle = (): string | undefined => {
  const { error, stderr } = spawnSync(java(), ['-version'], { encoding: 'utf8' });
  const version = error ? undefined : Number(/version "(?:1\.)?(\d+)/.exec(stderr)?.[1]);
  if (!version) return `Java ${OLDEST_JAVA} or newer is not installed`;
  if (version < OLDEST_JAVA) return `Java ${OLDEST_JAVA} or newer is needed, this is ${version}`;
  if (!existsSync(folder()) && spawnSync('mvn', ['-v'], { stdio: 'ignore' }).error)
    return 'Maven, which fetches Kafka, is not installed';
  return undefined;
};

/** Named after what it was made from: a changed pom.xml is fetched anew. */
const folder = (): string => {
  const pom = readFileSync(join(infra(), 'pom.xml'), 'utf8');
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1];
  return join(cache(), `kafka-${version}-${createHash('sha256').update(pom).digest('hex').slice(0, 8)}`);
};

/**
 * The folder with everything a broker consists of, fetched by Maven when it is not there.
 * @throws StartFailure with what Maven says
 */
export const kafkaDistribution = async (): Promise<string> => {
  const wanted = folder();
  if (existsSync(wanted)) return wanted;
  mkdirSync(cache(), { recursive: true });
  // Fetched beside and renamed: whoever sees the folder sees all of it, whoever comes second uses the first's.
  const fresh = mkdtempSync(`${wanted}.`);
  try {
    await maven(['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fresh}`]);
    renameSync(fresh, wanted);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(wanted)) throw error;
  }
  return wanted;
};

const maven = (args: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    execFile('mvn', ['-q', '-B', '-f', join(infra(), 'pom.xml'), ...args], (error, stdout) =>
      error
        ? reject(new StartFailure(`Kafka could not be fetched: ${stdout.trim() || error.message}`))
        : resolve(),
    );
  });
