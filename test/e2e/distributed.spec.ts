import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { untilGone } from '#apps/distributed/servers/process-family';
import { until } from '#test/support/process-stores';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { describeWithOwnKafka } from '#test/support/servers/kafka';
import { describeWithOwnPostgres } from '#test/support/servers/postgres';

// `npm run distributed` as its user runs it: one of its processes is killed, then all of it, then it is started again.

const TIMEOUT_MS = 240_000;
const READY_MS = 120_000;
const EVERYBODY = [
  'Kafka',
  'PostgreSQL',
  'warehouse',
  'event store',
  'command-api',
  'analytics',
  'relay',
  'projector',
];

describeWithOwnKafka('npm run distributed', () =>
  describeWithOwnPostgres('on servers of its own', () => {
    const root = mkdtempSync(join(tmpdir(), 'perennial-'));
    // PostgreSQL, which does not run as root, has to get in.
    chmodSync(root, 0o755);
    const data = join(root, 'data');
    const started: TsProcess[] = [];
    const ports = ['--port', '--analytics-port', '--relay-port', '--projector-port'];

    const start = async (): Promise<{ main: TsProcess; running: Map<string, Row> }> => {
      const { KAFKA_BROKERS: _kafka, DATABASE_URL: _database, ...env } = process.env;
      const main = runTs(
        'apps/distributed/main.ts',
        ['--data', data, ...ports.flatMap((port) => [port, '0'])],
        {
          env: { ...(env as Record<string, string>), KAFKA_BROKERS: '', DATABASE_URL: '' },
        },
      );
      started.push(main);
      await main.waitForLine(/^Ctrl-C stops/, { timeoutMs: READY_MS });
      return { main, running: new Map(main.lines.flatMap((line) => row(line) ?? [])) };
    };

    const buy = async (running: Map<string, Row>): Promise<string> => {
      const response = await fetch(`${running.get('command-api')!.where}/v1/commands`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: `${JSON.stringify(PURCHASE)}\n`,
      });
      return (JSON.parse(await response.text()) as { status: string }).status;
    };

    const landed = async (running: Map<string, Row>): Promise<boolean> => {
      const response = await fetch(`${running.get('analytics')!.where}/v1/admin/projections`);
      const { freshness } = (await response.json()) as { freshness: { position: number; lagEvents: number } };
      return freshness.position > 0 && freshness.lagEvents === 0;
    };

    const pids = (running: Map<string, Row>): number[] => [...running.values()].map(({ pid }) => pid);

    afterAll(async () => {
      await Promise.all(started.map((main) => main.kill()));
      rmSync(root, { recursive: true, force: true });
    });

    it(
      'keeps up what ends, leaves nothing behind, and goes on with its data',
      async () => {
        const first = await start();
        expect([...first.running.keys()]).toEqual(EVERYBODY);
        expect(await buy(first.running)).toBe('accepted');
        await until('the purchase is in the warehouse', () => landed(first.running), 30_000);

        process.kill(first.running.get('relay')!.pid, 'SIGKILL');
        await first.main.waitForLine(/^relay ended by itself/);
        await first.main.waitForLine(/^relay runs again/, { timeoutMs: READY_MS });

        const key = join(data, 'secrets', 'master-key');
        const secret = readFileSync(key, 'utf8');
        for (const path of [key, join(data, 'event-store.db'), join(data, 'logs')])
          expect([path, statSync(path).mode & 0o077]).toEqual([path, 0]);
        await first.main.kill('SIGKILL');
        await untilGone(pids(first.running), 10_000);
        await until('the relay that was started again is gone too', () =>
          isGone(first.running.get('relay')!),
        );

        const second = await start();
        expect(readFileSync(key, 'utf8')).toBe(secret);
        expect(await buy(second.running)).toBe('repeated');
        const stopping = Date.now();
        expect(await second.main.kill('SIGINT')).toEqual({ code: 0, signal: null });
        expect(Date.now() - stopping).toBeLessThan(15_000);
        await untilGone(pids(second.running), 0);
      },
      TIMEOUT_MS,
    );
  }),
);

interface Row {
  readonly where: string;
  readonly pid: number;
}

const isGone = ({ where }: Row): Promise<boolean> =>
  fetch(where).then(
    () => false,
    () => true,
  );

/** A line of the table. */
const row = (line: string): [[string, Row]] | undefined => {
  const [, name, where, pid] = line.split('│').map((cell) => cell.trim());
  return name && where && Number(pid) ? [[name, { where, pid: Number(pid) }]] : undefined;
};

const PURCHASE = {
  type: 'RecordPurchase',
  id: 'e2e-distributed-1',
  data: {
    orderId: 'order-1',
    customerId: 'customer-1',
    occurredAt: '2025-05-01T10:00:00Z',
    total: { amount: '12.34', currency: 'EUR' },
  },
};
