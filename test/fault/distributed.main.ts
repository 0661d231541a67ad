import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingEffects } from './distributed-effects.js';
import { run } from './distributed-run.js';
import {
  describeEnds,
  describeFindings,
  describeRun,
  faultsOf,
  unexpectedEnds,
} from './distributed-summary.js';

// The long run of the fault tests: `npm run fault -- --faults 1000 --seed 7 [--minutes 60] [--keep]`.

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const started = Date.now();
const say = (line: string) =>
  process.stdout.write(`${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);

const dir = mkdtempSync(join(tmpdir(), 'perennial-fault-'));
const [faults, seed] = [Number(values.faults), Number(values.seed)];
say(`${faults} faults, seed ${seed}; logs and schedule in ${dir}`);
// The first Ctrl-C ends the faults and lets what has happened be checked.
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
try {
  const result = await run({
    dir,
    faults,
    seed,
    signal: stopping.signal,
    ...(values.minutes !== undefined && { minutes: Number(values.minutes) }),
    say,
  });
  process.stdout.write(`\n${describeRun(result, seed)}\n${describeEnds(result.ended)}\n`);
  const wrong = [
    ...describeFindings(result.findings),
    ...unexpectedEnds(result.ended),
    ...result.unexpected,
    ...missingEffects(faultsOf(result), result.effects),
  ];
  for (const line of wrong) process.stdout.write(`WRONG  ${line}\n`);
  process.stdout.write(wrong.length === 0 ? 'Nothing is wrong.\n' : `Everything is kept in ${dir}\n`);
  if (wrong.length === 0 && !values.keep) rmSync(dir, { recursive: true, force: true });
  process.exit(wrong.length === 0 ? 0 : 1);
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\nEverything is kept in ${dir}\n`);
  process.exit(1);
}
