import { join } from 'node:path';
import { migrate } from './migrations.js';
import { eventLines, type ProjectionCase } from './projection-case.js';
import { attachFeed, feedSelect, hasTable, prepareFeed, type TableProjection } from './projection-feed.js';
import { dropFeed, tableOf } from './projection-ledger.js';
import {
  type ProjectionSources,
  readByFunctions,
  readSources,
  withWhatTheyRead,
} from './projection-status.js';
import { startProjections } from './projections.js';
import { openWarehouse, type Warehouse } from './warehouse.js';

/** What a view showed instead of what was expected, and how the events had come. */
export interface Mismatch {
  readonly view: string;
  readonly arrival: Arrival;
  readonly expected: readonly unknown[];
  readonly actual: readonly unknown[];
}

/** Every case is tried in three ways, because a projection must not depend on how its events come. */
const arrivals = ['in one batch', 'stream by stream, the later ones first', 'by a rebuild'] as const;
export type Arrival = (typeof arrivals)[number];

type Line = Record<string, unknown>;

/** An engine on which the specs of all projections run, one after the other. */
export class SpecEngine {
  /** Projections that are fed at the moment: only those that a case reads, because every feed costs time. */
  private fed: readonly TableProjection[] = [];

  private constructor(
    private readonly warehouse: Warehouse,
    private readonly sources: ProjectionSources,
    private readonly functions: ReadonlyMap<string, readonly string[]>,
    private readonly failed: ReadonlyMap<string, string>,
  ) {}

  /** @param infra the folder with schema, projections, reports and upcasters */
  static async open(dir: string, infra: string): Promise<SpecEngine> {
    const warehouse = await openWarehouse({ dir });
    try {
      await migrate(warehouse, join(infra, 'schema'));
      await forgetQuickly(warehouse);
      const sources = readSources(infra);
      const status = await startProjections(warehouse, sources);
      const failed = new Map(
        status.filter(({ state }) => state === 'failed').map(({ name, reason }) => [name, reason]),
      );
      for (const { name } of sources.definitions.filter((one) => hasTable(one) && !failed.has(one.name))) {
        await dropFeed(warehouse, name, 1);
        await warehouse.command(`ALTER TABLE ${tableOf(name, 1)} MODIFY SETTING fsync_after_insert = 0`);
      }
      return new SpecEngine(warehouse, sources, await readByFunctions(warehouse), failed);
    } catch (error) {
      await warehouse.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.warehouse.close();
  }

  async check(projectionCase: ProjectionCase): Promise<Mismatch[]> {
    const mismatches: Mismatch[] = [];
    await this.feed(Object.keys(projectionCase.expect));
    for (const arrival of arrivals) {
      await this.empty(Object.keys(projectionCase.tables));
      for (const [table, rows] of Object.entries(projectionCase.tables))
        await this.insert(`crm.${table}`, rows);
      await this.bring(eventLines(projectionCase.given), arrival);
      mismatches.push(...(await this.compare(projectionCase, arrival)));
    }
    return mismatches;
  }

  private async feed(views: readonly string[]): Promise<void> {
    const names = views.map((view) => view.replace(/\(.*/, ''));
    const { definitions, twins } = this.sources;
    const wanted = definitions.filter((definition) =>
      definition.views.some(({ name }) => names.includes(name)),
    );
    const read = withWhatTheyRead(wanted, definitions, this.functions);
    const broken = read.find(({ name }) => this.failed.has(name));
    if (broken) throw new Error(`${broken.name}: ${this.failed.get(broken.name)}`);
    const needed = read.filter(hasTable);
    for (const { name } of this.fed.filter((one) => !needed.includes(one)))
      await dropFeed(this.warehouse, name, 1);
    for (const definition of needed.filter((one) => !this.fed.includes(one))) {
      await prepareFeed(this.warehouse, definition, 1, twins);
      await attachFeed(this.warehouse, definition, 1, twins, new Map());
    }
    this.fed = needed;
  }

  private async empty(others: readonly string[]): Promise<void> {
    const tables = [
      'crm.events',
      ...others.map((name) => `crm.${name}`),
      ...this.fed.map(({ name }) => tableOf(name, 1)),
    ];
    for (const table of tables) await this.warehouse.command(`TRUNCATE TABLE ${table}`);
  }

  private async bring(lines: readonly Line[], arrival: Arrival): Promise<void> {
    if (arrival !== 'stream by stream, the later ones first')
      await this.insert('crm.events', arriving(lines));
    else for (const stream of laterStreamsFirst(lines)) await this.insert('crm.events', stream);
    if (arrival === 'by a rebuild') await this.rebuild();
  }

  private async insert(table: string, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    const lines = rows.map((row) => JSON.stringify(row)).join('\n');
    await this.warehouse.insertLines(table, lines, { insert_deduplicate: 0 });
  }

  /** The same statements as those of a backfill, in place. */
  private async rebuild(): Promise<void> {
    for (const definition of this.fed) {
      const table = tableOf(definition.name, 1);
      const select = feedSelect(definition, this.sources.twins);
      await this.warehouse.command(`TRUNCATE TABLE ${table}`);
      await this.warehouse.command(
        `INSERT INTO ${table} SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable', async_insert = 0 ${select}`,
      );
    }
  }

  private async compare({ expect }: ProjectionCase, arrival: Arrival): Promise<Mismatch[]> {
    const mismatches: Mismatch[] = [];
    for (const [view, rows] of Object.entries(expect)) {
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const found = await this.warehouse.rows<Line>(
        `SELECT ${columns.map((column) => `\`${column}\``).join(', ') || '*'} FROM crm.${view}`,
      );
      const expected = rows.map((row) => comparable(row, columns)).sort(byText);
      const actual = found.map((row) => comparable(row, columns)).sort(byText);
      if (JSON.stringify(expected) !== JSON.stringify(actual))
        mismatches.push({ view, arrival, expected, actual });
    }
    return mismatches;
  }
}

/** Nothing here is to last: events are kept in memory. */
const forgetQuickly = async (warehouse: Warehouse): Promise<void> => {
  await warehouse.command('CREATE TABLE crm.events_in_memory AS crm.events ENGINE = Memory');
  await warehouse.command('EXCHANGE TABLES crm.events AND crm.events_in_memory');
  await warehouse.command('DROP TABLE crm.events_in_memory');
};

/** In-process streams have one partition and count offsets in the order of arrival. */
const arriving = (lines: readonly Line[]): Line[] =>
  lines.map((line, offset) => ({ partition: 0, offset, ...line }));

const laterStreamsFirst = (lines: readonly Line[]): Line[][] => {
  const streams = [...new Set(lines.map(({ stream }) => stream))].reverse();
  const all = arriving(streams.flatMap((stream) => lines.filter((line) => line.stream === stream)));
  return streams.map((stream) => all.filter((line) => line.stream === stream));
};

const INSTANT = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/;

/** Values as text, so that 12.34 and "12.34" are the same, in the order of the columns. */
const comparable = (row: Line, columns: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(columns.map((column) => [column, comparableValue(row[column])]));

const comparableValue = (value: unknown): unknown => {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(comparableValue);
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, comparableValue(item)]));
  const text = String(value);
  return INSTANT.test(text) ? new Date(text).toISOString().replace('T', ' ').replace('Z', '') : text;
};

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
