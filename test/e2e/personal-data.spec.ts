import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';
import { fileHolds } from '#personal-data/sqlite/residue';
import { ClearTextScanner, type Sighting } from '#test/support/clear-text';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { openWarehouse } from '#warehouse/warehouse';
import {
  badRequests,
  campaignLines,
  type Line,
  linesOf,
  MARKERS,
  newEmail,
  PEOPLE,
  person,
} from './personal-data-people.js';

// A thousand people through the HTTP API; then every file, every table and every log is searched for what is personal.

const TIMEOUT_MS = 300_000;
const BATCH = 2_000;
const LOOKED_AT = 20;
/** Every so many people one is erased. */
const ERASED_EVERY = 20;
const people = Array.from({ length: PEOPLE }, (_, number) => number);
const erased = people.filter((number) => number % ERASED_EVERY === 0);
const kept = people.filter((number) => number % ERASED_EVERY === 1);

describe('what is personal', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  const dir = join(root, 'data');
  const logs = join(root, 'logs');
  const scanner = new ClearTextScanner(MARKERS);
  const problems: string[] = [];
  let server: TsProcess;
  let url: string;

  const start = async () => {
    server = runTs('apps/standalone/main.ts', ['--data', dir, '--port', '0'], {
      env: { PERENNIAL_LOG_LEVEL: 'trace', PERENNIAL_PHONE_REGION: 'DE' },
    });
    for (const output of [server.child.stdout, server.child.stderr])
      output?.on('data', (text: Buffer | string) => appendFileSync(logs, text));
    const line = await server.waitForLine(/answers at/, { timeoutMs: TIMEOUT_MS });
    url = /http:\S+\d/.exec(line)?.[0] as string;
  };
  const stop = async () => {
    server.child.kill('SIGTERM');
    await server.finished(TIMEOUT_MS);
  };

  const call = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, { method, body, headers });
    const text = await response.text();
    if (response.headers.get('content-type')?.startsWith('application/problem+json'))
      problems.push(`${response.status} ${method} ${text}`);
    return { status: response.status, text };
  };
  const post = (path: string, body: object) =>
    call('POST', path, JSON.stringify(body), { 'content-type': 'application/json' });
  const get = (path: string) => call('GET', path);
  const sendLines = async (lines: readonly Line[]) => {
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const { text } = await call('POST', '/v1/commands', body, { 'content-type': 'application/x-ndjson' });
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { status: string; problem?: { status: number; code: string } });
  };

  beforeAll(async () => {
    await start();
    for (const line of campaignLines) expect(await sendLines([line])).toMatchObject([{ status: 'accepted' }]);
    const lines = people.flatMap(linesOf);
    for (let from = 0; from < lines.length; from += BATCH) {
      const answers = await sendLines(lines.slice(from, from + BATCH));
      expect(answers.filter(({ status }) => status !== 'accepted').slice(0, 3)).toEqual([]);
    }
    await landed();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await server.kill();
    rmSync(root, { recursive: true });
  });

  const landed = async () => {
    for (;;) {
      const { text } = await get('/v1/admin/projections');
      if ((JSON.parse(text) as { freshness: { lagEvents: number } }).freshness.lagEvents === 0) return;
      await delay(50);
    }
  };

  const find = async (kind: 'email' | 'phone', value: string) => {
    const { text } = await get(`/v1/customers?${kind}=${encodeURIComponent(value)}`);
    return (JSON.parse(text) as { customers: { customerId: string }[] }).customers.map(
      (one) => one.customerId,
    );
  };

  it(
    'is readable for those who may read it',
    async () => {
      for (const number of people.slice(0, LOOKED_AT)) {
        const { customerId, name, phone } = person(number);
        expect(JSON.parse((await get(`/v1/customers/${customerId}`)).text)).toMatchObject({
          name,
          email: newEmail(number),
        });
        expect(await find('email', newEmail(number).toUpperCase())).toEqual([customerId]);
        expect(await find('phone', phone)).toEqual([customerId]);
        expect((await get(`/v1/customers/${customerId}/timeline`)).text).toContain('Mondscheinsonate');
        expect((await get(`/v1/customers/${customerId}/export`)).text).toContain('Mondscheinsonate: hello');
        expect((await get(`/v1/complaints/k-${number}`)).text).toContain('Mondscheinsonate: sorry');
      }
    },
    TIMEOUT_MS,
  );

  it(
    'is not said again to those whose request was no good',
    async () => {
      const before = problems.length;
      const bad = people.slice(0, LOOKED_AT).flatMap(badRequests);
      for (const { method, path, body, headers } of bad) {
        const { status } = await call(method, path, body, { ...headers });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }
      const rejected = await sendLines([
        { type: 'Mondscheinsonate', id: 'bad-line', data: person(1) },
        { type: 'RegisterCustomer', id: person(1).email, data: person(1) },
        { type: 'RegisterCustomer', id: 'bad-line', data: { ...person(1), customerId: person(1).email } },
      ]);
      problems.push(...rejected.map((answer) => JSON.stringify(answer.problem)));
      expect(problems.length - before).toBe(bad.length + rejected.length);
      expect(unique(problems.flatMap((problem) => scanner.scan(problem, problem)))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'stands in no file, no table and no log',
    async () => {
      await stop();
      const { files, sightings } = await scanner.scanFiles(root);
      expect(files).toBeGreaterThan(100);
      expect(sightings).toEqual([]);
      const tables = await scanTables(dir, scanner);
      expect(tables.rows).toBeGreaterThan(2 * PEOPLE * 5);
      expect(tables.sightings).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'would be found if it did',
    async () => {
      const warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
      await warehouse.command(
        'CREATE TABLE crm.planted (said Array(String)) ENGINE = MergeTree ORDER BY tuple()',
      );
      await warehouse.command("INSERT INTO crm.planted VALUES (['x', 'bei quastenflosse'])");
      await warehouse.close();
      const { sightings } = await scanTables(dir, scanner);
      expect(sightings).toEqual([{ where: 'crm.planted', marker: 'Quastenflosse', form: 'clear' }]);
      const again = await openWarehouse({ dir: join(dir, 'warehouse') });
      await again.command('DROP TABLE crm.planted SYNC');
      await again.close();
    },
    TIMEOUT_MS,
  );

  describe('of somebody who was erased', () => {
    let wrapped: Buffer[];
    let keyIds: ReadonlySet<string>;

    beforeAll(async () => {
      const keys = readKeys(dir).filter(({ owner }) => erased.includes(Number(owner.replace(/^p-/, ''))));
      wrapped = keys.map((key) => key.wrapped);
      keyIds = new Set(keys.map(({ id }) => id));
      expect(keys).toHaveLength(erased.length);
      expect(await inVault(dir, wrapped)).toBe(true);
      await start();
      const [first, ...others] = erased;
      expect((await post(`/v1/customers/p-${first}/erase`, { reason: 'requested' })).status).toBe(201);
      const answers = await sendLines(
        others.map((number) => ({
          type: 'EraseCustomer',
          id: `erase-${number}`,
          data: { customerId: `p-${number}` },
        })),
      );
      expect(answers.filter(({ status }) => status !== 'accepted')).toEqual([]);
    }, TIMEOUT_MS);

    it('has left the bytes of the vault', async () => {
      expect(await inVault(dir, wrapped)).toBe(false);
      expect(readKeys(dir).filter(({ id }) => keyIds.has(id))).toEqual([]);
    });

    it(
      'cannot be read, found, exported or added to',
      async () => {
        for (const number of erased.slice(0, LOOKED_AT)) {
          const { customerId, email, phone } = person(number);
          for (const path of ['', '/timeline', '/export'])
            expect((await get(`/v1/customers/${customerId}${path}`)).status).toBe(410);
          for (const address of [email, newEmail(number)]) expect(await find('email', address)).toEqual([]);
          expect(await find('phone', phone)).toEqual([]);
          expect((await get(`/v1/complaints/k-${number}`)).text).not.toContain('Mondscheinsonate');
          const again = linesOf(number).map((line) => ({ ...line, id: `${line.id}-again` }));
          const refused = await sendLines(again.filter(({ data }) => data.campaignId === undefined));
          const codes = refused.map(({ problem }) => problem?.code);
          // A failure of the service that names nobody is no matter of this customer.
          expect(codes.filter((code) => code !== 'customer-erased')).toEqual(
            again.some(({ type }) => type === 'RecordServiceFailure') ? [undefined] : [],
          );
        }
        expect(unique(problems.flatMap((problem) => scanner.scan(problem, problem)))).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'leaves that of all others as it was',
      async () => {
        for (const number of kept.slice(0, LOOKED_AT)) {
          const { customerId, name } = person(number);
          expect(JSON.parse((await get(`/v1/customers/${customerId}`)).text)).toMatchObject({ name });
          expect(await find('email', newEmail(number))).toEqual([customerId]);
          expect((await get(`/v1/customers/${customerId}/export`)).text).toContain('Mondscheinsonate: hello');
        }
      },
      TIMEOUT_MS,
    );

    it(
      'is sealed for good wherever it was stored',
      async () => {
        await stop();
        const vault = await openEmbeddedKeyVault(dir, { announce: () => {} });
        const owners = erased.map((number) => `p-${number}`);
        expect([...(await vault.existingKeys(owners)).keys()]).toEqual([]);
        expect([...(await vault.keysFor(owners)).keys()]).toEqual([]);
        await vault.close();
        // Each sealed value names the key that it was sealed with.
        const left = new Set(readKeys(dir).map(({ id }) => id));
        const store = new SqliteEventStore(join(dir, 'events.db'));
        let sealed = 0;
        for await (const { data, metadata } of store.readAll())
          if (owners.includes(metadata.customerId ?? ''))
            for (const [, keyId] of JSON.stringify(data).matchAll(/sealed\.1\.([^.]+)\./g)) {
              sealed += 1;
              expect(left.has(keyId as string)).toBe(false);
            }
        await store.close();
        expect(sealed).toBeGreaterThan(erased.length * 10);
        const { sightings } = await scanner.scanFiles(root);
        expect(sightings).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });
});

/** The first few of each kind, for a message that can be read. */
const unique = (sightings: readonly Sighting[]): Sighting[] =>
  [
    ...new Map(sightings.map((one) => [one.where.replaceAll(/\d+|[0-9a-f]{8}-\S{27}/g, ''), one])).values(),
  ].slice(0, 20);

/** Every value of every column: parts of tables are compressed, so that their files show nothing. */
const scanTables = async (dir: string, scanner: ClearTextScanner) => {
  const warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
  try {
    const tables = await warehouse.rows<{ name: string }>(
      `SELECT concat(database, '.', name) AS name FROM system.tables
       WHERE engine LIKE '%MergeTree' OR engine LIKE '%Log'`,
    );
    const sightings: Sighting[] = [];
    let rows = 0;
    for (const { name } of tables) {
      const result = await warehouse.client.query({ query: `SELECT * FROM ${name}`, format: 'JSONEachRow' });
      const text = await result.text();
      rows += text.split('\n').length - 1;
      sightings.push(...scanner.scan(name, text));
    }
    return { rows, sightings };
  } finally {
    await warehouse.close();
  }
};

interface StoredKey {
  readonly owner: string;
  readonly id: string;
  readonly wrapped: Buffer;
}

const readKeys = (dir: string): StoredKey[] => {
  const db = new Database(join(dir, 'vault.db'), { readonly: true });
  const keys = db.prepare<[], StoredKey>('SELECT owner, id, wrapped FROM keys').all();
  db.close();
  return keys;
};

const inVault = async (dir: string, secrets: readonly Buffer[]): Promise<boolean> => {
  for (const file of ['vault.db', 'vault.db-wal']) {
    const path = join(dir, file);
    if (existsSync(path) && (await fileHolds(path, secrets))) return true;
  }
  return false;
};
