import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import { noProjector } from '#warehouse/boundary';
import { Claims } from '#warehouse/landing/claims';
import { detachView } from '#warehouse/landing/failing-view';
import { Holds } from '#warehouse/landing/holds';
import { migrate } from '#warehouse/migrations';
import { parseProjection } from '#warehouse/projection-file';
import { type ProjectionSources, readSources } from '#warehouse/projection-status';
import { dropProjection, openFeeds } from '#warehouse/projection-upkeep';
import { rebuildProjection, rollbackProjection, startProjections } from '#warehouse/projections';
import { forCluster } from '#warehouse/table-engine';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

// There is no cluster here: what one would be sent is parsed by the engine's own parser, and must differ from what one
// server is sent in nothing but what makes it a cluster's. The paths that only a cluster takes run on one server.

const ROOT = join(packageRoot(), 'infra', 'clickhouse');
const CLUSTER = 'perennial';
const HERE = /^\w+(?: \w+)*? (?:IF EXISTS )?crm\.(?:scratch_\w+|\w+_v\d+_check(?:_expected)?)\b/;
const DDL = /^(CREATE|ALTER|DROP|DETACH|TRUNCATE|RENAME|EXCHANGE)\b/;

/** The same warehouse; what is a statement for a cluster is noted in that form, and run in the one that runs here. */
const noting = (warehouse: Warehouse, sent: string[], cluster?: string): Warehouse =>
  new Proxy(warehouse, {
    get: (target, name) => {
      if (name === 'cluster') return cluster;
      if (name === 'connect') return async () => noting(await target.connect(), sent, cluster);
      if (name === 'command')
        return async (sql: string, params?: Record<string, unknown>) => {
          sent.push(sql);
          if (!sql.startsWith('SYSTEM SYNC REPLICA')) await target.command(sql, params);
        };
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

const FEW = ['customer_identity', 'purchases', 'folded'];

/** Everything that a warehouse is told in its life. */
const live = async (warehouse: Warehouse, sources: ProjectionSources): Promise<void> => {
  // The servers that a cluster needs are not there.
  await migrate(Object.create(warehouse, { cluster: { value: undefined } }), join(ROOT, 'schema'));
  const failed = (await startProjections(warehouse, sources)).filter(({ state }) => state !== 'current');
  expect(failed).toEqual([]);
  await warehouse.insertLines('crm.events', JSON.stringify(PURCHASE), { insert_deduplication_token: 'one' });
  const claims = new Claims(warehouse, 'one');
  await claims.put(0, { first: 0, last: 0, records: 1 }, 0);
  claims.noteLanded(0, { first: 0, last: 0 });
  await claims.flush();
  const holds = new Holds({
    warehouse: await warehouse.connect(),
    holder: 'a rebuild',
    partitions: async () => [0],
    log: createLogger('silent'),
  });
  expect((await rebuildProjection(warehouse, sources, 'purchases', holds)).parity).toMatchObject({
    rows: 1,
    equal: true,
  });
  await rebuildProjection(warehouse, sources, 'folded', noProjector(warehouse));
  await rollbackProjection(warehouse, 'purchases', noProjector(warehouse));
  await openFeeds(warehouse, sources, noProjector(warehouse));
  await detachView(warehouse, 'crm.purchases_v2_feed', 'it throws');
  await detachView(warehouse, 'crm.somebody_elses', 'it throws');
  await dropProjection(warehouse, 'purchases');
};

const PURCHASE = {
  partition: 0,
  offset: 0,
  position: 0,
  event_id: '00000000-0000-4000-8000-000000000000',
  stream: 'purchase-1',
  type: 'PurchaseRecorded',
  schema_version: 1,
  customer_id: 'c',
  occurred_at: '2024-05-01T10:00:00Z',
  recorded_at: '2024-05-01T10:00:00Z',
  business_date: '2024-05-01',
  data: { orderId: '1', total: { amount: '1', currency: 'EUR' } },
};

const FOLDED = `-- A row is a customer who bought: folded by the engine.
CREATE TABLE folded (
    customer_id String COMMENT 'The customer', position UInt64 COMMENT 'Position of the last event'
) ENGINE = ReplacingMergeTree(position) ORDER BY customer_id COMMENT 'Folded';

SELECT customer_id, position FROM events WHERE type = 'PurchaseRecorded';
`;

/** What makes a statement a cluster's, taken out of what the engine prints of it. */
const asOnOneServer = (printed: string): string =>
  printed
    .replace(` ON CLUSTER ${CLUSTER}`, '')
    .replace(
      /ENGINE = Replicated(\w*MergeTree)\('[^']*', '\{replica\}'(?:, (\w+))?\)/,
      (_, engine, version) => (version ? `ENGINE = ${engine}(${version})` : `ENGINE = ${engine}`),
    )
    .replace(/replicated_deduplication_window_seconds = \d{9}, replicated_dedup/, 'non_replicated_dedup')
    .replace(/ SETTINGS replicated_deduplication_window = 0(, )?/, (_, more) => (more ? ' SETTINGS ' : ''));

describe('what is sent to a cluster', () => {
  const dirs: string[] = [];
  let parser: Warehouse;
  /** As written for one server, in the life of one server and in that of a cluster. */
  const written = { server: [] as string[], cluster: [] as string[] };

  const open = () => {
    dirs.push(mkdtempSync(join(tmpdir(), 'perennial-')));
    return openWarehouse({ dir: dirs.at(-1) as string });
  };

  beforeAll(async () => {
    const { definitions, ...rest } = readSources(ROOT);
    const sources = { ...rest, definitions: [...definitions, parseProjection('folded', FOLDED)] };
    parser = await open();
    await live(noting(parser, written.server), sources);
    await parser.command('DROP DATABASE crm SYNC');
    // What differs between projections was seen above.
    const few = sources.definitions.filter(({ name }) => FEW.includes(name));
    await live(noting(parser, written.cluster, CLUSTER), { ...rest, definitions: few });
  }, 240_000);

  afterAll(async () => {
    await parser.close();
    for (const dir of dirs) rmSync(dir, { recursive: true });
  });

  const printed = async (sql: string): Promise<string> => {
    const [row] = await parser.rows<{ sql: string }>('SELECT formatQuerySingleLine({sql:String}) AS sql', {
      sql,
    });
    return row?.sql ?? '';
  };

  it('is parsed by the engine, and is the same but for what makes it a cluster’s', async () => {
    const statements = new Set([...written.server, ...written.cluster]);
    expect(statements.size).toBeGreaterThan(150);
    let replicated = 0;
    for (const sql of statements) {
      const sent = await printed(forCluster(sql, CLUSTER));
      expect(asOnOneServer(sent)).toBe(await printed(sql));
      if (!DDL.test(sent) || HERE.test(sent)) continue;
      expect(sent).toContain(` ON CLUSTER ${CLUSTER}`);
      expect(sent).not.toMatch(/non_replicated_|ENGINE = (?!Replicated)\w*MergeTree/);
      if (sent.includes('ENGINE = Replicated')) replicated += 1;
      if (/^DROP (TABLE|VIEW)/.test(sent)) expect(sent).toMatch(/ SYNC$/);
    }
    expect(replicated).toBeGreaterThan(15);
  }, 60_000);

  it('is more than what one server is sent only by waiting for replicas', async () => {
    const waits = written.cluster.filter((sql) => sql.startsWith('SYSTEM'));
    expect(waits.length).toBeGreaterThan(20);
    expect(written.server.filter((sql) => sql.startsWith('SYSTEM'))).toEqual([]);
    const known = new Set(written.server);
    const others = written.cluster.filter((sql) => !known.has(sql) && !sql.startsWith('SYSTEM'));
    expect(others).toEqual([]);
  });
});

describe('a server without the cluster', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let server: WarehouseProcess | undefined;
  let warehouse: Warehouse | undefined;

  afterAll(async () => {
    await warehouse?.close();
    await server?.process.kill('SIGTERM');
    rmSync(dir, { recursive: true });
  });

  it('is found out before anything is made, and DDL does go to the cluster', async () => {
    server = await startWarehouseProcess(dir);
    warehouse = await openWarehouse({ url: server.url, cluster: 'nowhere' });
    await expect(migrate(warehouse, join(ROOT, 'schema'))).rejects.toThrow('knows no cluster nowhere');
    await expect(warehouse.command('CREATE DATABASE crm')).rejects.toThrow(/nowhere/);
    expect(await warehouse.rows("SELECT name FROM system.databases WHERE name = 'crm'")).toEqual([]);
    const child = await warehouse.connect();
    await expect(child.command('CREATE DATABASE crm')).rejects.toThrow(/nowhere/);
  }, 30_000);
});
