import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import { describeWithOwnKafka, type KafkaServer, startKafka } from './kafka.js';
import { describeWithOwnPostgres, type PostgresServer, postgresForTests, startPostgres } from './postgres.js';
import { uniqueName } from './unique-name.js';

describeWithOwnKafka('a broker of our own', () => {
  let server: KafkaServer;
  const kafka = () => new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING });

  beforeAll(async () => {
    server = await startKafka();
  });

  afterAll(() => server?.stop());

  it('keeps its topics, its records and its address when it is killed and started again', async () => {
    const topic = uniqueName('kept');
    const { brokers } = server;
    const admin = kafka().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
    const producer = kafka().producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'one', partition: 1 }] });
    await producer.disconnect();
    await admin.disconnect();

    await server.kill('SIGKILL');
    await server.restart();

    expect(server.brokers).toEqual(brokers);
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    expect(offsets.map(({ partition, high }) => [partition, high]).sort()).toEqual([
      [0, '0'],
      [1, '1'],
    ]);
  });
});

describeWithOwnPostgres('a PostgreSQL of our own', () => {
  let server: PostgresServer;
  const query = async (text: string, url = server.url) => {
    const client = new Client({ connectionString: url, query_timeout: 500 });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  };

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(() => server?.stop());

  it('keeps what it has acknowledged and its address when it is killed and started again', async () => {
    const { url } = server;
    await query('CREATE TABLE kept AS SELECT 7 AS number');
    await server.kill('SIGKILL');
    await expect(query('SELECT 1')).rejects.toThrow();
    await server.restart();
    expect(server.url).toBe(url);
    expect(await query('SELECT number FROM kept')).toEqual([{ number: 7 }]);
  });

  it('says which folder is in the way of whom it runs as', async () => {
    if (process.getuid?.() !== 0) return;
    const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    try {
      await expect(startPostgres({ dir: join(folder, 'postgres') })).rejects.toThrow(
        new RegExp(`may not pass ${folder}:`),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('asks for a password', async () => {
    await expect(query('SELECT 1', server.url.replace(/:[^:@]+@/, ':wrong@'))).rejects.toThrow(
      /password authentication failed/,
    );
  });

  it('stands still as a whole, connections that are open too', async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await server.kill('SIGSTOP');
    let answered = false;
    const answer = client.query('SELECT 1').then(() => {
      answered = true;
    });
    const newcomer = new Client({ connectionString: server.url, connectionTimeoutMillis: 300 });
    await expect(newcomer.connect()).rejects.toThrow(/timeout/);
    expect(answered).toBe(false);
    await server.kill('SIGCONT');
    await answer;
    await client.end();
  });

  it('gives each that asks a database of its own, and removes it', async () => {
    const before = process.env.DATABASE_URL;
    process.env.DATABASE_URL = server.url;
    try {
      const [one, other] = [await postgresForTests(), await postgresForTests()];
      await query('CREATE TABLE kept_by_one AS SELECT 1', one.url);
      await expect(query('SELECT * FROM kept_by_one', other.url)).rejects.toThrow(/does not exist/);
      await one.stop();
      await other.stop();
      await expect(query('SELECT 1', one.url)).rejects.toThrow(/does not exist/);
    } finally {
      if (before === undefined) delete process.env.DATABASE_URL;
      else process.env.DATABASE_URL = before;
    }
  });
});
