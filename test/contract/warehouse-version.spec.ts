import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { packageRoot } from '#platform/package-root';
import { migrate } from '#warehouse/migrations';
import { isOlder, LEAST_SERVER_VERSION, ServerTooOld } from '#warehouse/server-version';
import { openWarehouse, type Warehouse, WarehouseUnavailable } from '#warehouse/warehouse';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

const read = (...path: string[]) => readFileSync(join(packageRoot(), ...path), 'utf8');

/** Passes everything on to a server, but says another version in its name once it has been told to. */
class Disguise {
  version: string | undefined;
  readonly asked: string[] = [];
  private readonly server: Server;

  constructor(private readonly behind: string) {
    this.server = createServer(async (incoming, outgoing) => {
      const body = await text(incoming);
      this.asked.push(`${body}${decodeURIComponent(incoming.url ?? '')}`);
      const headers = { ...incoming.headers, 'accept-encoding': 'identity', connection: 'close' };
      const passed = request(`${this.behind}${incoming.url}`, { method: incoming.method, headers });
      passed.end(body);
      const [answer] = await once(passed, 'response');
      const said = await text(answer);
      outgoing.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'] });
      outgoing.end(this.version ? said.replace(/\d+\.\d+\.\d+\.\d+/, this.version) : said);
    });
  }

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

describe('the least version of a ClickHouse server', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let server: WarehouseProcess;
  let disguise: Disguise;
  let url: string;
  const opened: Warehouse[] = [];
  const open = async (at: string) => {
    opened.push(await openWarehouse({ url: at }));
    return opened.at(-1) as Warehouse;
  };

  beforeAll(async () => {
    server = await startWarehouseProcess(dir);
    disguise = new Disguise(server.url);
    url = await disguise.open();
  });
  afterAll(async () => {
    for (const warehouse of opened) await warehouse.close();
    disguise.close();
    await server.process.kill('SIGTERM');
    rmSync(dir, { recursive: true });
  });

  it('is the release of the embedded engine, of the compose file and of the documents', async () => {
    const [row] = await (await open(server.url)).rows<{ version: string }>('SELECT version() AS version');
    expect(row?.version.split('.').slice(0, 2).join('.')).toBe(LEAST_SERVER_VERSION);
    const { services } = parse(read('infra', 'docker-compose.yml'), { merge: true });
    expect(services.clickhouse.image).toBe(`clickhouse/clickhouse-server:${LEAST_SERVER_VERSION}`);
    expect(read('docs', 'how-to', 'cluster.md')).toContain(`ClickHouse ${LEAST_SERVER_VERSION} or later`);
    expect(read('docs', 'how-to', 'run-distributed.md')).toContain(
      `ClickHouse ${LEAST_SERVER_VERSION} or later`,
    );
  });

  it('is told by year and number', () => {
    expect(isOlder('25.8.3.66', '26.7')).toBe(true);
    expect(isOlder('26.6.1.1', '26.7')).toBe(true);
    expect(isOlder('26.7.1.1', '26.7')).toBe(false);
    expect(isOlder('26.10.1.1', '26.7')).toBe(false);
    expect(isOlder('27.1.1.1', '26.7')).toBe(false);
  });

  it('is demanded before anything else is said to a server, and again until it has it', async () => {
    disguise.version = '25.8.3.66';
    disguise.asked.length = 0;
    const warehouse = await open(url);
    const child = await warehouse.connect();
    await expect(migrate(warehouse, join(packageRoot(), 'infra', 'clickhouse', 'schema'))).rejects.toThrow(
      'has version 25.8.3.66, but 26.7 or a later one is needed',
    );
    await expect(warehouse.rows('SELECT 1')).rejects.toThrow(ServerTooOld);
    await expect(child.insertLines('crm.events', '{}')).rejects.toThrow(ServerTooOld);
    expect(disguise.asked.filter((statement) => !statement.includes('version()'))).toEqual([]);

    disguise.version = undefined;
    disguise.asked.length = 0;
    expect(await child.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await warehouse.rows('SELECT 2 AS two')).toEqual([{ two: 2 }]);
    expect(disguise.asked.filter((statement) => statement.includes('version()'))).toHaveLength(1);
  });

  it('is not held against a server that is away', async () => {
    const nowhere = await open('http://127.0.0.1:1');
    await expect(nowhere.rows('SELECT 1')).rejects.toThrow(WarehouseUnavailable);
  });
});
