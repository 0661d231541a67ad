import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { openWarehouse } from '#warehouse/warehouse';
import { warehouseContract } from './warehouse.contract.js';

const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
afterAll(() => rmSync(dir, { recursive: true }));

warehouseContract('the embedded warehouse', () => openWarehouse({ dir }));
