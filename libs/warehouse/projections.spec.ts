import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readCases } from './projection-case.js';
import { SpecEngine } from './projection-spec.js';

const INFRA = join(import.meta.dirname, '../../infra/clickhouse');

const projections = ['projections', 'reports'].flatMap((folder) =>
  readdirSync(join(INFRA, folder))
    .filter((file) => file.endsWith('.sql'))
    .map((file) => ({
      name: file.replace('.sql', ''),
      spec: join(INFRA, folder, file.replace('.sql', '.spec.yaml')),
    })),
);

it.each(projections)('$name has a spec', ({ spec }) => {
  expect(existsSync(spec)).toBe(true);
});

describe('every projection and report', () => {
  let dir: string;
  let engine: SpecEngine;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'perennial-'));
    engine = await SpecEngine.open(dir, INFRA);
  });

  afterAll(async () => {
    await engine?.close();
    rmSync(dir, { recursive: true });
  });

  describe.each(projections.filter(({ spec }) => existsSync(spec)))('$name', ({ spec }) => {
    it.each(readCases(spec))(
      '$it',
      async (projectionCase) => {
        const [mismatch] = await engine.check(projectionCase);
        const title = mismatch && `${mismatch.view}, events come ${mismatch.arrival}`;
        expect({ title, rows: mismatch?.actual }).toEqual({ title, rows: mismatch?.expected });
      },
      60_000,
    );
  });
});
