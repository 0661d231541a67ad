import { describe, it } from '@jest/globals';
import { openWarehouse } from '#warehouse/warehouse';
import { warehouseContract } from './warehouse.contract.js';

const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: username, CLICKHOUSE_PASSWORD: password } = process.env;

if (url) warehouseContract('a ClickHouse server', () => openWarehouse({ url, username, password }));
else describe('a ClickHouse server', () => it.skip('is not there: CLICKHOUSE_URL names none', () => {}));
