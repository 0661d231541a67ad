// One Kafka and one PostgreSQL for all suites that are content with somebody's.

/** Why the suites have to do without; test/support/servers reads it. */
const without = (name) => `TEST_WITHOUT_${name}`;

const startOne = async (name, obstacle, start) => {
  const reason = obstacle();
  if (reason) return { env: { [without(name)]: reason } };
  try {
    return await start();
  } catch (error) {
    return { env: { [without(name)]: error.message } };
  }
};

/**
 * Starts what the environment does not name.
 * @returns what the suites must be told, and how to stop what was started
 */
export const startTestServers = async () => {
  // After the build: they are the ones that `npm run distributed` starts.
  const servers = (file) => import(`../../dist/apps/distributed/servers/${file}.js`);
  const [{ startKafka }, { kafkaObstacle }, { startPostgres }, { postgresObstacle }] = await Promise.all(
    ['kafka', 'kafka-distribution', 'postgres', 'postgres-programs'].map(servers),
  );
  const started = await Promise.all([
    process.env.KAFKA_BROKERS
      ? {}
      : startOne('KAFKA', kafkaObstacle, async () => {
          const kafka = await startKafka();
          return { env: { KAFKA_BROKERS: kafka.brokers.join(',') }, stop: () => kafka.stop() };
        }),
    process.env.DATABASE_URL
      ? {}
      : startOne('POSTGRES', postgresObstacle, async () => {
          const postgres = await startPostgres();
          return { env: { DATABASE_URL: postgres.url }, stop: () => postgres.stop() };
        }),
  ]);
  const env = Object.assign({}, ...started.map((one) => one.env));
  for (const name of ['KAFKA', 'POSTGRES'])
    if (env[without(name)]) console.log(`Suites on a real ${name} are skipped: ${env[without(name)]}`);
  return { env, stop: () => Promise.all(started.map((one) => one.stop?.())) };
};
