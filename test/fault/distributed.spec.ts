import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kafkaObstacle } from '#apps/distributed/servers/kafka-distribution';
import { postgresObstacle } from '#apps/distributed/servers/postgres-programs';
import { packageRoot } from '#platform/package-root';
import { describeUnless } from '#test/support/servers/describe-unless';
import { missingEffects } from './distributed-effects.js';
import { type RunResult, run } from './distributed-run.js';
import {
  describeEnds,
  describeFindings,
  describeRun,
  faultsOf,
  unexpectedEnds,
} from './distributed-summary.js';

// The distributed set under load while its parts are killed, paused, cut off and filled up; then everything is read
// back. The long run is `npm run fault`: docs/reliability.md.

const FAULTS = 30;
const SEED = 20_260_101;
const TIMEOUT_MS = 600_000;

const describeWithServers = describeUnless(() => kafkaObstacle() ?? postgresObstacle());

describeWithServers(`a distributed set in which ${FAULTS} things go wrong under load (seed ${SEED})`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-fault-'));
  const said: string[] = [];
  let result: RunResult;
  let passed = false;

  beforeAll(async () => {
    // As npm test leaves it; somebody who runs this suite alone must not test what was built before.
    spawnSync(process.execPath, [join(packageRoot(), 'infra/tools/prepare.mjs'), '--quiet']);
    result = await run({ dir, faults: FAULTS, seed: SEED, say: (line) => said.push(line) });
    process.stdout.write(`${describeRun(result, SEED)}\n${describeEnds(result.ended)}\n`);
  }, TIMEOUT_MS);

  afterAll(() => {
    if (passed) rmSync(dir, { recursive: true, force: true });
    else process.stderr.write(`${said.join('\n')}\nLogs, schedule and findings are in ${dir}\n`);
  });

  it('was really disturbed', () => {
    expect(faultsOf(result)).toBeGreaterThanOrEqual(FAULTS);
    expect(missingEffects(faultsOf(result), result.effects)).toEqual([]);
    expect(result.acknowledged).toBeGreaterThan(10 * FAULTS);
    expect(result.resent).toBeGreaterThan(0);
  });

  it('refuses nothing that is valid, and no process ends but with a reason', () => {
    expect(result.unexpected).toEqual([]);
    expect(unexpectedEnds(result.ended)).toEqual([]);
  });

  it('has every acknowledged command once in event store, topic, warehouse and views, in order', () => {
    expect(describeFindings(result.findings)).toEqual([]);
    passed = true;
  });
});
