import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { runTs, type TsProcess } from '#test/support/run-ts';

// The demonstration as its user starts it, killed in the middle, started again, and held against one left alone.

const CUSTOMERS = 150;
const TIMEOUT_MS = 150_000;

describe('npm run demo', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  const killed = join(root, 'killed');
  const alone = join(root, 'alone');
  const started: TsProcess[] = [];

  const demo = (directory: string, ...args: string[]): TsProcess => {
    const child = runTs('apps/standalone/demo.ts', ['--data', directory, '--port', '0', '--exit', ...args]);
    started.push(child);
    return child;
  };

  let resumed: TsProcess;
  let uninterrupted: TsProcess;
  let playedWhenKilled: number;

  beforeAll(async () => {
    const first = demo(killed, '--customers', String(CUSTOMERS));
    await until(() => (state(killed)?.played ?? 0) > 800);
    await first.kill('SIGKILL');
    playedWhenKilled = state(killed)?.played as number;
    resumed = demo(killed);
    await resumed.finished(TIMEOUT_MS);
    // The same two years, also when midnight has passed meanwhile.
    mkdirSync(alone);
    writeFileSync(join(alone, 'demo.json'), JSON.stringify({ ...state(killed), played: 0, modelled: false }));
    uninterrupted = demo(alone);
    await uninterrupted.finished(TIMEOUT_MS);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all(started.map((child) => child.kill()));
    rmSync(root, { recursive: true });
  });

  it('goes on where it was killed', () => {
    const { commands = 0 } = state(killed) ?? {};
    expect(playedWhenKilled).toBeLessThan(commands);
    expect(resumed.lines[0]).toBe(
      `Going on after ${playedWhenKilled.toLocaleString('en-US')} of ${commands.toLocaleString('en-US')} commands.`,
    );
    expect(state(killed)).toMatchObject({ customers: CUSTOMERS, played: commands, modelled: true });
  });

  it('comes to the same as one that was left alone', async () => {
    expect(await eventsByType(killed)).toEqual(await eventsByType(alone));
    const reports = ({ lines }: TsProcess) =>
      lines.slice(lines.indexOf('What a campaign caused'), lines.indexOf('Look here'));
    expect(tables(reports(resumed))).toEqual(tables(reports(uninterrupted)));
  });

  it('shows three reports, and where to look', () => {
    const text = uninterrupted.lines.join('\n');
    expect(text).toContain('Who is most at risk, by the value that would be lost');
    expect(text).toContain('Come back to the trail (come-back-to-the-trail): retention, email; final');
    expect(text).toContain('The truth, which is known only because this company is made up');
    expect(text).toContain('Complaints, and those that were never made');
    expect(text).toMatch(/shows all events up to position [\d,]+; 0 are on their way/);
    expect(text).toMatch(/http:\/\/127\.0\.0\.1:\d+\/docs/);
  });

  it(
    'plays nothing again once it is all there',
    async () => {
      const before = await eventsByType(killed);
      const again = demo(killed);
      await again.finished(TIMEOUT_MS);
      expect(again.lines[0]).toMatch(/^The company is here already: 150 customers from /);
      expect(await eventsByType(killed)).toEqual(before);
    },
    TIMEOUT_MS,
  );
});

interface State {
  readonly customers: number;
  readonly commands: number;
  readonly played: number;
  readonly modelled: boolean;
}

const state = (directory: string): State | undefined => {
  const file = join(directory, 'demo.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : undefined;
};

const until = async (condition: () => boolean): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it does not come to that');
    await delay(10);
  }
};

/** What happened, but for the runs of models: one that was killed before it was noted is made again. */
const eventsByType = async (directory: string): Promise<Record<string, number>> => {
  const store = new SqliteEventStore(join(directory, 'events.db'));
  const counts: Record<string, number> = {};
  for await (const { type } of store.readAll())
    if (!type.startsWith('ModelRun')) counts[type] = (counts[type] ?? 0) + 1;
  await store.close();
  return counts;
};

const tables = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith('│'));
