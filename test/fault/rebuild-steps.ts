import { setTimeout as delay } from 'node:timers/promises';
import type { Warehouse } from '#warehouse/warehouse';

/** What a rebuild of `sales` does, by the statement that does it. */
export const STEPS: Readonly<Record<string, RegExp>> = {
  'the version is begun': /^insert crm\.projections .*"building"/s,
  // Below what the file says about a row.
  'its table is created': /^CREATE TABLE crm\.sales_v\d+ \(/m,
  'landing is held': /^insert crm\.claims .*"held"/s,
  'its feed is attached': /^CREATE MATERIALIZED VIEW crm\.sales_v\d+_gate\b/,
  'landing is let go': /^insert crm\.claims .*"released"/s,
  'it is filled': /^INSERT INTO crm\.sales_v\d+\b/,
  'it is copied for parity': /^ALTER TABLE crm\.sales_v\d+_check ATTACH\b/,
  'the first view is swapped': /^CREATE OR REPLACE VIEW crm\.sales\b/,
  'the last view is swapped': /^CREATE OR REPLACE VIEW crm\.sales_totals\b/,
  'the ledger is written': /^insert crm\.projections .*"live"/s,
  'a removal is begun': /^insert crm\.projections .*"it is being removed"/s,
  'a feed is removed': /^DROP VIEW IF EXISTS crm\.sales_v\d+_gate\b/,
  'a table is removed': /^DROP TABLE IF EXISTS crm\.sales_v\d+ /,
};

export type Moment = 'before' | 'during' | 'after';

/** A warehouse at which its process is killed as soon as it is about to do, does, or has done a step. */
export const killedAt = (real: Warehouse, step: RegExp, moment: Moment, afterMs: number): Warehouse => {
  const die = () => process.kill(process.pid, 'SIGKILL');
  const pass = async (statement: string, send: () => Promise<void>): Promise<void> => {
    if (!step.test(statement)) return send();
    if (moment === 'before') die();
    const sent = send();
    if (moment === 'during') await delay(afterMs);
    else await sent;
    die();
  };
  return Object.assign(Object.create(real), {
    command: (...[sql, params]: Parameters<Warehouse['command']>) =>
      pass(sql, () => real.command(sql, params)),
    insertLines: (...[table, lines, settings]: Parameters<Warehouse['insertLines']>) =>
      pass(`insert ${table} ${lines}`, () => real.insertLines(table, lines, settings)),
    connect: async () => killedAt(await real.connect(), step, moment, afterMs),
  }) as Warehouse;
};
