import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from './servers/free-port.js';
import { type RestartableServer, startNodeService } from './servers/node-service.js';
import { Supervisor } from './supervisor.js';

const SCRIPT = `
  const { createServer } = require('node:http');
  const { existsSync } = require('node:fs');
  const [, port, broken] = process.argv;
  if (existsSync(broken)) { console.error('broken on purpose'); process.exit(3); }
  createServer((_, response) => response.end(String(process.pid))).listen(Number(port), '127.0.0.1');
`;

describe('a supervised process', () => {
  let folder: string;
  let url: string;
  let broken: string;
  let server: RestartableServer;
  let supervisor: Supervisor;
  let said: string[];

  const answeringPid = async (): Promise<number> => Number(await (await fetch(url)).text());
  const until = async (isSo: () => boolean): Promise<void> => {
    const deadline = Date.now() + 15_000;
    while (!isSo()) {
      if (Date.now() > deadline) throw new Error(`Not so in time; said: ${said.join('\n')}`);
      await delay(10);
    }
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    broken = join(folder, 'broken');
    said = [];
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = await startNodeService({
      name: 'it',
      args: ['-e', SCRIPT, String(port), broken],
      env: process.env,
      log: join(folder, 'it.log'),
      ask: async () => void (await answeringPid()),
      stopWithinMs: 2_000,
    });
    supervisor = new Supervisor((text) => said.push(text));
    supervisor.watch('it', server);
  });

  afterEach(async () => {
    supervisor.release();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('runs again where it was after it was killed', async () => {
    const before = await answeringPid();
    expect(before).toBe(server.pid);
    process.kill(before, 'SIGKILL');
    await until(() => said.length > 1);
    const after = await answeringPid();
    expect(after).not.toBe(before);
    expect(said).toEqual([
      'it ended by itself (SIGKILL); it is started again.',
      `it runs again, as process ${after}.`,
    ]);
  });

  it('is tried until it can be started, and its reason is shown', async () => {
    writeFileSync(broken, '');
    process.kill(server.pid, 'SIGKILL');
    await until(() => said.some((text) => text.includes('broken on purpose')));
    rmSync(broken);
    await until(() => said.includes(`it runs again, as process ${server.pid}.`));
    expect(await answeringPid()).toBe(server.pid);
  });

  it('stays away when it was told to end', async () => {
    supervisor.release();
    await server.stop();
    await expect(answeringPid()).rejects.toThrow();
    expect(said).toEqual([]);
  });
});
