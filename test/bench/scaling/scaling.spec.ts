import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PAGE, withSimulation } from './main.js';
import { reproduced, TIMES, TOLERANCE } from './page.js';
import { simulate } from './simulation.js';
import { DEFAULTS, partsFor, projectorRate, SHARE, setRate } from './sizing.js';

const load = { eventsPerSecond: 1_000, seconds: 20, seed: 3 };

describe('the simulation of the distributed set', () => {
  it('is in docs/scaling.md as it is now', () => {
    const page = readFileSync(PAGE, 'utf8');
    // Otherwise: node --conditions=source --import ./test/support/ts-register.mjs test/bench/scaling/main.ts --write
    expect(withSimulation(page)).toBe(page);
  }, 120_000);

  it('comes close to the runs that were measured', () => {
    for (const { measured, simulated } of reproduced())
      for (const quantile of ['p50', 'p99'] as const) {
        expect(simulated[quantile]).toBeGreaterThan(measured[quantile] / TOLERANCE[quantile]);
        expect(simulated[quantile]).toBeLessThan(measured[quantile] * TOLERANCE[quantile]);
      }
  });

  it('says the same for the same seed', () => {
    expect(simulate(DEFAULTS, TIMES, load)).toEqual(simulate(DEFAULTS, TIMES, load));
  });

  it('lands what is sent when no part is asked for too much', () => {
    const { landedPerSecond, behind } = simulate(DEFAULTS, TIMES, load);
    expect(landedPerSecond).toBeGreaterThan(970);
    expect(landedPerSecond).toBeLessThan(1_030);
    expect(behind).toBeLessThan(1_000);
  });

  it('lands no more than its slowest part can do, and falls behind by the rest', () => {
    const parts = { ...DEFAULTS, commandApis: 100 };
    const times = {
      ...TIMES,
      storeRate: 1e6,
      relayCpu: 1,
      insertCpu: 100,
      projectorCpu: 0,
      unevenness: 1.0001,
    };
    const { landedPerSecond, behind } = simulate(parts, times, {
      ...load,
      eventsPerSecond: 20_000,
      seconds: 40,
    });
    const most = 20_000 / ((times.claimMs + times.insertMs) / 1000 + 20_000 * 100e-6);
    expect(landedPerSecond).toBeLessThan(most * 1.05);
    expect(landedPerSecond).toBeGreaterThan(most * 0.85);
    expect(behind / 40).toBeGreaterThan((20_000 - most) * 0.9);
  });

  it('is no slower with more projectors', () => {
    const times = { ...TIMES, storeRate: 1e6, relayCpu: 1 };
    const busy = { ...load, eventsPerSecond: projectorRate() * 0.9 };
    const one = simulate({ ...DEFAULTS, commandApis: 100 }, times, busy);
    const four = simulate({ ...DEFAULTS, commandApis: 100, projectors: 4, warehouseCores: 6 }, times, busy);
    expect(four.p99).toBeLessThan(one.p99);
  });
});

describe('the formula', () => {
  it('gives each part at most its share of what it can do', () => {
    for (const rate of [1, 1_000, 10_000, 50_000, 100_000]) {
      const { sets, projectors, partitions } = partsFor(rate);
      expect(rate / sets).toBeLessThanOrEqual(SHARE * setRate());
      expect(rate / sets / projectors).toBeLessThanOrEqual(SHARE * projectorRate());
      expect(partitions).toBeGreaterThanOrEqual(projectors);
    }
  });

  it('gives one set as it comes to a small company', () => {
    expect(partsFor(100)).toEqual(DEFAULTS);
  });
});
