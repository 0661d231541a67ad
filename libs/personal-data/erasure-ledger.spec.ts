import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ErasureLedger } from '#personal-data/erasure-ledger';

describe('the erasure ledger', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'perennial-'));
    file = join(directory, 'erasures.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const owners = () => {
    const ledger = new ErasureLedger(file);
    ledger.close();
    return [...ledger.all()];
  };

  it('remembers who was erased, each once', () => {
    const ledger = new ErasureLedger(file);
    ledger.append(['ada', 'bob', 'ada']);
    ledger.append(['bob']);
    ledger.append(['Zoë "\n"']);
    ledger.close();
    expect(owners()).toEqual(['ada', 'bob', 'Zoë "\n"']);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });

  it('drops a last line that was never finished, and goes on after it', () => {
    const first = new ErasureLedger(file);
    first.append(['Zoë']);
    first.close();
    appendFileSync(file, '{"erasedAt":"2024-01-01T00:00:00.000Z","owners":["b');
    const second = new ErasureLedger(file);
    second.append(['carl']);
    second.close();
    expect(owners()).toEqual(['Zoë', 'carl']);
  });

  it('does not guess what a damaged line said', () => {
    writeFileSync(file, '{"owners":["ada"]}\n{"owners":[1]}\n{"owners":["bob"]}\n');
    expect(() => new ErasureLedger(file)).toThrow(/Line 2 of the erasure ledger .* cannot be read/);
  });
});
