import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { perennial } from '#test/support/cli';
import { runTs, type TsProcess } from '#test/support/run-ts';

// A server is copied while others write and erase; then it is lost, and comes back from the copies and the ledger.

const TIMEOUT_MS = 240_000;
const PEOPLE = 400;
const BATCH = 100;

interface Line {
  readonly type: string;
  readonly id: string;
  readonly data: object;
}
interface Answer {
  readonly id: string;
  readonly status: string;
  readonly position: number;
}

const nameOf = (customerId: string): string => `Name of ${customerId}`;
const register = (customerId: string): Line => ({
  type: 'RegisterCustomer',
  id: `register-${customerId}`,
  data: { customerId, stage: 'customer', name: nameOf(customerId), email: `${customerId}@example.org` },
});
const buy = (customerId: string, day: string): Line => ({
  type: 'RecordPurchase',
  id: `buy-${customerId}-${day}`,
  data: {
    orderId: `o-${customerId}-${day}`,
    customerId,
    total: { amount: '10.00', currency: 'EUR' },
    lines: [{ sku: 'cup', quantity: 2, unitPrice: { amount: '5.00', currency: 'EUR' } }],
    occurredAt: day,
  },
});

describe('backup and restore', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  const data = join(root, 'data');
  const backups = join(root, 'backups');
  const restored = join(root, 'restored');
  const acknowledged: Answer[] = [];
  const erased: string[] = [];
  let erasedBefore = 0;
  let acknowledgedBefore: Answer[] = [];
  let position: number;
  let figures: string;
  let server: TsProcess;
  let url: string;

  const start = async (directory: string) => {
    server = runTs('apps/standalone/main.ts', ['--data', directory, '--port', '0'], {
      env: { PERENNIAL_LOG_LEVEL: 'warn', PERENNIAL_BACKUP_DIRECTORY: backups },
    });
    const line = await server.waitForLine(/answers at/, { timeoutMs: TIMEOUT_MS });
    url = /http:\S+\d/.exec(line)?.[0] as string;
  };
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const send = async (lines: readonly Line[]): Promise<Answer[]> => {
    const response = await fetch(`${url}/v1/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    });
    const answers = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
    expect(answers.filter(({ status }) => status !== 'accepted')).toEqual([]);
    acknowledged.push(...answers);
    return answers;
  };
  const erase = async (customerId: string) => {
    await send([{ type: 'EraseCustomer', id: `erase-${customerId}`, data: { customerId } }]);
    erased.push(customerId);
  };
  const landed = async () => {
    for (;;) {
      const { text } = await get('/v1/admin/projections');
      if ((JSON.parse(text) as { freshness: { lagEvents: number } }).freshness.lagEvents === 0) return;
      await delay(50);
    }
  };
  /** As of the backup: events, and what a report would say. */
  const figuresAt = async (at: number): Promise<string> => {
    await landed();
    const queries = [
      `SELECT type, count(), sum(cityHash64(stream, revision, data)) FROM events WHERE position <= ${at} GROUP BY type ORDER BY type`,
      `SELECT toStartOfMonth(business_date) AS month, count(), sum(total) FROM purchases WHERE position <= ${at} GROUP BY month ORDER BY month`,
    ];
    const answers = [];
    for (const query of queries) {
      const { status, text } = await get(`/v1/sql?query=${encodeURIComponent(query)}`);
      expect(`${status} ${text}`).toMatch(/^200 /);
      answers.push(text);
    }
    return answers.join('\n');
  };
  const restoring = (...more: string[]) => [
    ...['restore', join(backups, 'events'), '--vault', join(backups, 'keys'), '--data', restored],
    ...['--master-key', join(root, 'master.key'), '--ledger', join(root, 'erasures.log'), ...more],
  ];

  /** Not left there by somebody before. */
  const isFrom = (begun: number, file: string): boolean =>
    (statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0) > begun;

  /** Writes until it is told to stop: new customers, purchases, and now and then somebody is erased. */
  const writer = async (name: string, isOver: () => boolean) => {
    for (let batch = 0; !isOver(); batch++) {
      const ids = Array.from({ length: 20 }, (_, i) => `${name}-${batch}-${i}`);
      await send(ids.flatMap((id) => [register(id), buy(id, '2024-05-02')]));
      await erase(ids[0] as string);
    }
  };

  beforeAll(async () => {
    await start(data);
    const ids = Array.from({ length: PEOPLE }, (_, i) => `p-${i}`);
    for (let from = 0; from < PEOPLE; from += BATCH)
      await send(ids.slice(from, from + BATCH).flatMap((id) => [register(id), buy(id, '2024-03-01')]));
    await send([
      {
        type: 'MergeCustomer',
        id: 'merge',
        data: { customerId: 'p-301', into: 'p-300', reason: 'duplicate' },
      },
    ]);
    for (const id of ['p-0', 'p-1', 'p-2']) await erase(id);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await server.kill();
    rmSync(root, { recursive: true });
  });

  it(
    'copies a server while others write',
    async () => {
      acknowledgedBefore = [...acknowledged];
      erasedBefore = erased.length;
      let over = false;
      const writers = ['w', 'x'].map((name) => writer(name, () => over));
      const made = await perennial('backup', 'events', '--vault', 'keys', '--url', url, '--json');
      over = true;
      await Promise.all(writers);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      const [events, keys] = JSON.parse(made.stdout) as { position: number }[];
      position = events!.position;
      expect(keys!.position).toBeGreaterThanOrEqual(position);
      expect(erased.length).toBeGreaterThan(erasedBefore);
      expect(acknowledged.some((answer) => answer.position > position)).toBe(true);
      expect(readdirSync(join(backups, 'events')).sort()).toEqual([
        ...[
          'campaign_audience.ndjson',
          'checkpoints.db',
          'customer_scores.ndjson',
          'events.db',
          'manifest.json',
        ],
      ]);
      expect(readdirSync(join(backups, 'keys')).sort()).toEqual(['manifest.json', 'vault.db']);
    },
    TIMEOUT_MS,
  );

  it(
    'writes nowhere but below the directory that is set, and over nothing',
    async () => {
      const refusal = async (name: string) => {
        const response = await fetch(`${url}/v1/admin/backups/${encodeURIComponent(name)}`, {
          method: 'POST',
        });
        return (JSON.parse((await response.text()).trimEnd().split('\n').at(-1)!) as { problem: object })
          .problem;
      };
      for (const name of ['../elsewhere', '/tmp/elsewhere', '.hidden', 'a b'])
        expect(await refusal(name)).toMatchObject({ code: 'backup-name', status: 422 });
      expect(await refusal('events')).toMatchObject({ code: 'backup-exists', status: 409 });
      const path = await perennial('backup', join(root, 'elsewhere'), '--url', url);
      expect(path).toMatchObject({ code: 1, stderr: expect.stringContaining('a name, not a path') });
      expect(readdirSync(root).sort()).toEqual(['backups', 'data']);
    },
    TIMEOUT_MS,
  );

  it(
    'is told who was erased after the vault was copied, and loses its machine',
    async () => {
      // One of them was merged into another by then, and the other one is who is erased.
      for (const id of ['p-10', 'p-11', 'p-300']) await erase(id);
      erased.push('p-301');
      figures = await figuresAt(position);
      await server.kill();
      for (const file of ['erasures.log', 'master.key']) copyFileSync(join(data, file), join(root, file));
    },
    TIMEOUT_MS,
  );

  it.each([
    ['data', 'events'],
    ['data', 'checksums'],
    ['vault', 'key vault'],
  ])(
    'leaves nothing that is taken for a backup of %s when it is killed at %s',
    async (kind, step) => {
      const name = `killed-${step.replace(' ', '-')}`;
      const child = runTs('test/fault/backup-killed.child.ts', [data, backups, kind, name, step]);
      expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
      expect(existsSync(join(backups, name))).toBe(true);
      const where = (of: string) => (of === kind ? name : of === 'data' ? 'events' : 'keys');
      const { code, stderr } = await perennial(
        ...['restore', join(backups, where('data')), '--vault', join(backups, where('vault'))],
        ...['--data', restored, '--without-ledger'],
      );
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('is no backup') });
      expect(existsSync(restored)).toBe(false);
    },
    TIMEOUT_MS,
  );

  it(
    'refuses what would lose something',
    async () => {
      const refused = async (...args: string[]) => {
        const { code, stderr } = await perennial(...args);
        expect(code).toBe(1);
        return stderr;
      };
      const events = join(backups, 'events');
      const vault = ['--vault', join(backups, 'keys')];
      const to = ['--data', restored];
      expect(await refused('restore', events, ...vault, ...to)).toMatch(/--ledger.*--without-ledger/);
      expect(await refused('restore', events, '--without-ledger', ...to)).toMatch(/--vault.*--without-vault/);
      expect(await refused('restore', events, ...vault, '--without-ledger', '--data', data)).toMatch(
        'not empty',
      );
      const damaged = join(backups, 'damaged');
      mkdirSync(damaged);
      for (const name of readdirSync(events)) copyFileSync(join(events, name), join(damaged, name));
      appendFileSync(join(damaged, 'events.db'), 'x');
      expect(await refused('restore', damaged, ...vault, '--without-ledger', ...to)).toMatch('damaged');
      const wrong = join(root, 'wrong.key');
      writeFileSync(wrong, randomBytes(32).toString('base64'));
      for (const [key, reason] of [
        [[], /^The key vault .* its master key is not: .*--master-key.*\n$/],
        [['--master-key', wrong], /^.*master key.*\n$/],
      ] as const) {
        const ledger = ['--ledger', join(root, 'erasures.log')];
        const before = readdirSync(root).sort();
        expect(await refused('restore', events, ...vault, ...ledger, ...key, ...to)).toMatch(reason);
        // Nor is a copy of the vault left.
        expect(readdirSync(root).sort()).toEqual(before);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'can be restored again when that is killed',
    async () => {
      // While it copies, while it makes the warehouse, and while it lands, erases and compares.
      const signs: [string, string][] = [
        ['events.db', ''],
        ['warehouse', ''],
        ['lock', '"url"'],
      ];
      for (const [file, text] of signs) {
        const sign = join(`${restored}.restoring`, file);
        const begun = Date.now();
        const child = runTs('apps/cli/main.ts', restoring());
        while (!(isFrom(begun, sign) && (text === '' || readFileSync(sign, 'utf8').includes(text)))) {
          expect({ code: child.child.exitCode, stderr: child.stderr }).toEqual({ code: null, stderr: '' });
          await delay(5);
        }
        await child.kill();
        expect(existsSync(restored)).toBe(false);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'comes back with everything that was acknowledged before, once, and with those forgotten who were erased since',
    async () => {
      const done = await perennial(...restoring('--json'));
      expect(done).toMatchObject({ code: 0 });
      expect(JSON.parse(done.stdout)).toMatchObject({ position, agrees: true, notErased: [] });
      expect(existsSync(`${restored}.restoring`)).toBe(false);
      await start(restored);
      expect(await figuresAt(position)).toBe(figures);
      // No other user of the machine gets into what customers entrusted.
      for (const directory of [data, restored, join(backups, 'keys')])
        expect((statSync(directory).mode & 0o777).toString(8)).toBe('700');

      for (const id of erased) expect((await get(`/v1/customers/${id}`)).status).toBe(410);
      for (const id of ['p-3', 'p-12', 'p-299', 'p-399']) {
        const { status, text } = await get(`/v1/customers/${id}`);
        expect({ status, text }).toEqual({ status: 200, text: expect.stringContaining(nameOf(id)) });
        const found = await get(`/v1/customers?email=${id}@example.org`);
        expect(JSON.parse(found.text)).toMatchObject({ customers: [{ customerId: id }] });
      }
      // It goes on from there.
      await send([register('new'), buy('new', '2024-06-01')]);
      const verified = await perennial('verify', '--url', url, '--json');
      expect(verified).toMatchObject({ code: 0 });

      server.child.kill('SIGTERM');
      await server.finished(TIMEOUT_MS);
      const store = new SqliteEventStore(join(restored, 'events.db'));
      const times = new Map<string, number>();
      const erasures = new Set<string>();
      for await (const { type, metadata, data: said } of store.readAll()) {
        times.set(metadata.commandId, (times.get(metadata.commandId) ?? 0) + 1);
        if (type === 'CustomerErased') erasures.add((said as { customerId: string }).customerId);
      }
      await store.close();
      const missing = acknowledgedBefore.filter(({ id }) => !times.has(id));
      expect(missing).toEqual([]);
      const upTo = acknowledged.filter((answer) => answer.position <= position);
      expect(upTo.filter(({ id }) => id.startsWith('register') && times.get(id) !== 1)).toEqual([]);
      expect(erased.filter((id) => !erasures.has(id))).toEqual([]);
      const names = readFileSync(join(restored, 'events.db'), 'latin1');
      expect(names.includes('Name of')).toBe(false);
    },
    TIMEOUT_MS,
  );

  it(
    'copies a directory that no server uses',
    async () => {
      const made = await perennial(
        'backup',
        join(root, 'cold'),
        '--vault',
        join(root, 'cold-vault'),
        '--data',
        restored,
      );
      expect(made).toMatchObject({ code: 0 });
      expect(readdirSync(join(root, 'cold-vault')).sort()).toEqual(['manifest.json', 'vault.db']);
      expect(readdirSync(join(root, 'cold'))).toContain('manifest.json');
    },
    TIMEOUT_MS,
  );
});
