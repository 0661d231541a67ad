import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '#platform/package-root';
import { scratchTable } from '#warehouse/columns';
import type { QueryParameters, Warehouse } from '#warehouse/warehouse';

/**
 * Tables of one computation; dropped when it ends, whichever way. In memory: sorting and compressing what is read once
 * costs more than computing it.
 */
export class Scratch {
  private readonly tables: string[] = [];

  private constructor(readonly warehouse: Warehouse) {}

  static async with<Result>(
    warehouse: Warehouse,
    use: (scratch: Scratch) => Promise<Result>,
  ): Promise<Result> {
    const scratch = new Scratch(warehouse);
    try {
      return await use(scratch);
    } finally {
      for (const table of scratch.tables) await warehouse.command(`DROP TABLE IF EXISTS crm.${table}`);
    }
  }

  /**
   * Keeps the rows of a query of infra/clickhouse/models, for later queries to read.
   * @returns its name in the database crm: the queries take it as `crm.{name:Identifier}`
   */
  async table(query: string, params: QueryParameters): Promise<string> {
    const qualified = scratchTable(query);
    const name = qualified.slice(qualified.indexOf('.') + 1);
    this.tables.push(name);
    await this.warehouse.command(`CREATE TABLE ${qualified} ENGINE = Memory AS ${modelQuery(query)}`, params);
    return name;
  }
}

/** A query of infra/clickhouse/models. */
export const modelQuery = (name: string): string =>
  readFileSync(join(packageRoot(), 'infra', 'clickhouse', 'models', `${name}.sql`), 'utf8');
