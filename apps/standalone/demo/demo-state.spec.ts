import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DemoState, readDemoState, writeDemoState } from './demo-state.js';

const state: DemoState = {
  seed: 7,
  customers: 4000,
  from: '2023-05-02',
  to: '2025-05-01',
  commands: 80_000,
  played: 2_000,
  modelled: false,
};

describe('the state of a demonstration', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'perennial-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('is none where nothing was begun, or no directory is', () => {
    expect(readDemoState(directory, {})).toBeUndefined();
    expect(readDemoState(join(directory, 'new'), { seed: 1 })).toBeUndefined();
  });

  it('is read as it was written, also when the same company is asked for', () => {
    writeDemoState(directory, state);
    expect(readDemoState(directory, {})).toEqual(state);
    expect(readDemoState(directory, { seed: 7, customers: 4000 })).toEqual(state);
  });

  it('makes the directory', () => {
    writeDemoState(join(directory, 'a', 'b'), state);
    expect(readDemoState(join(directory, 'a', 'b'), {})).toEqual(state);
  });

  it('refuses another company', () => {
    writeDemoState(directory, state);
    expect(() => readDemoState(directory, { seed: 8 })).toThrow('with --seed 7, not 8');
    expect(() => readDemoState(directory, { customers: 100 })).toThrow('with --customers 4000, not 100');
  });

  it('refuses a directory that holds something else', () => {
    writeFileSync(join(directory, 'events.db'), '');
    expect(() => readDemoState(directory, {})).toThrow('holds something else than a demonstration');
  });
});
