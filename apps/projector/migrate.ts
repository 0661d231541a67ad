import { Command } from 'commander';
import { Closing } from '#apps/service/closing';
import { kafkaOptions, openClickHouse } from '#apps/service/connections';
import { describeFailure } from '#apps/service/failure';
import { processName } from '#apps/service/process-name';
import { topicOptions } from '#apps/service/topic-options';
import { createKafka } from '#event-stream/kafka/kafka';
import { ensureTopics } from '#event-stream/kafka/topics';
import { type Configuration, loadConfiguration } from '#platform/configuration';
import { createLogger, type Logger } from '#platform/logging';
import { version } from '#platform/package-root';
import { Holds } from '#warehouse/landing/holds';
import { prepareWarehouse } from './prepare-warehouse.js';

new Command('migrate')
  .description(
    'Makes ClickHouse and Kafka ready for this version: tables, new projections, topics. To be run before the applications of a new version, while those of the old one may run. All settings: docs/configuration.md',
  )
  .version(version())
  .parse();

const run = (configuration: Configuration, log: Logger): Promise<void> =>
  Closing.guard(async (closing) => {
    const admin = createKafka(kafkaOptions(configuration, 'migrate', log)).admin();
    await admin.connect();
    closing.add(() => admin.disconnect());
    await ensureTopics(admin, topicOptions(configuration));
    const warehouse = closing.opened(await openClickHouse(configuration));
    const projector = new Holds({
      warehouse: await warehouse.connect(),
      holder: processName('migrate'),
      partitions: async () =>
        Array.from({ length: configuration.kafkaPartitions }, (_, partition) => partition),
      log,
    });
    await prepareWarehouse(warehouse, projector, log);
    await closing.close();
  });

try {
  const configuration = loadConfiguration(process.env, {}, ['kafkaBrokers', 'clickhouseUrl']);
  await run(configuration, createLogger(configuration.logLevel));
  process.stdout.write('The warehouse and the topics are ready\n');
  process.exit(0);
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
}
