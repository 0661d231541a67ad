import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalized, significant, statements } from './sql-text.js';
import type { Warehouse } from './warehouse.js';

/** The SQL twin of an upcaster: turns the JSON text of one schema version into that of the next. */
export interface UpcasterTwin {
  readonly type: string;
  readonly fromVersion: number;
  readonly functionName: string;
  readonly sql: string;
}

const FILE = /^([A-Z]\w*)-(\d+)\.sql$/;

/**
 * The twins in a directory (infra/clickhouse/upcasters): `PurchaseRecorded-1.sql` holds
 * `CREATE OR REPLACE FUNCTION upcast_PurchaseRecorded_1 AS (data) -> ...`, version 1 to version 2.
 */
export const readUpcasterTwins = (directory: string): UpcasterTwin[] =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((file) => file.endsWith('.sql'))
        .sort()
        .map((file) => parse(file, readFileSync(join(directory, file), 'utf8')))
    : [];

const parse = (file: string, text: string): UpcasterTwin => {
  const [, type, version] = FILE.exec(file) ?? [];
  if (!type || !version) throw new Error(`${file} is not named like PurchaseRecorded-1.sql.`);
  const [sql, ...more] = statements(text);
  const functionName = `upcast_${type}_${version}`;
  const head = `CREATE OR REPLACE FUNCTION ${functionName} AS ( data ) - >`;
  if (!sql || more.length > 0 || !normalized(sql).startsWith(head))
    throw new Error(
      `${file} must hold one statement: CREATE OR REPLACE FUNCTION ${functionName} AS (data) -> ...`,
    );
  return { type, fromVersion: Number(version), functionName, sql };
};

export const createUpcasterTwins = async (
  warehouse: Warehouse,
  twins: readonly UpcasterTwin[],
): Promise<void> => {
  for (const { sql } of twins) await warehouse.command(sql);
};

/** The twins for the event types that a SELECT names. */
export const twinsFor = (select: string, twins: readonly UpcasterTwin[]): UpcasterTwin[] => {
  const named = new Set(
    significant(select)
      .filter(({ kind }) => kind === 'string')
      .map(({ text }) => text.slice(1, -1)),
  );
  return twins.filter(({ type }) => named.has(type));
};

/** SQL for `data` in the newest form of its type, chosen by `type` and `schema_version`. */
export const upcastData = (twins: readonly UpcasterTwin[]): string => {
  const cases = twins.map((twin) => {
    let expression = 'data';
    let version = twin.fromVersion;
    for (
      let step: UpcasterTwin | undefined = twin;
      step;
      step = twins.find((t) => t.type === twin.type && t.fromVersion === version)
    ) {
      expression = `${step.functionName}(${expression})`;
      version += 1;
    }
    return `type = '${twin.type}' AND schema_version = ${twin.fromVersion}, ${expression}`;
  });
  return cases.length === 0 ? 'data' : `multiIf(${cases.join(', ')}, data)`;
};
