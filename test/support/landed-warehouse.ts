import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '#platform/package-root';
import { migrate } from '#warehouse/migrations';
import { readSources } from '#warehouse/projection-status';
import { startProjections } from '#warehouse/projections';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';

/** What matters of an event to a computation in the warehouse. */
export interface LandedEvent {
  readonly stream: string;
  readonly type: string;
  readonly customerId?: string;
  readonly businessDate: string;
  readonly revision?: number;
  readonly data: object;
}

/** A warehouse of its own with all projections, into which events are put as if they had landed. */
export class LandedWarehouse {
  private position = 0;

  private constructor(
    readonly warehouse: Warehouse,
    private readonly dir: string,
  ) {}

  /** @param names of the projections that are needed: all take a second, one a few milliseconds */
  static async open(names: readonly string[]): Promise<LandedWarehouse> {
    const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
    const warehouse = await openWarehouse({ dir });
    const root = join(packageRoot(), 'infra', 'clickhouse');
    await migrate(warehouse, join(root, 'schema'));
    const sources = readSources(root);
    const definitions = sources.definitions.filter(({ name }) => names.includes(name));
    const started = await startProjections(warehouse, { ...sources, definitions });
    const failed = started.filter(({ name, state }) => names.includes(name) && state === 'failed');
    if (failed.length > 0) throw new Error(failed.map(({ name, reason }) => `${name}: ${reason}`).join('\n'));
    return new LandedWarehouse(warehouse, dir);
  }

  /** Position of the last event. */
  get last(): number {
    return this.position - 1;
  }

  async land(events: readonly LandedEvent[]): Promise<void> {
    const lines = events.map(({ stream, type, customerId = '', businessDate, revision = 0, data }) => {
      const position = this.position++;
      return JSON.stringify({
        partition: 0,
        offset: position,
        position,
        event_id: `00000000-0000-4000-8000-${position.toString(16).padStart(12, '0')}`,
        stream,
        revision,
        type,
        schema_version: 1,
        customer_id: customerId,
        occurred_at: `${businessDate}T12:00:00Z`,
        business_date: businessDate,
        recorded_at: '2026-01-01T00:00:00Z',
        actor: 'test',
        command_id: `c${position}`,
        correlation_id: '',
        causation_id: '',
        data,
      });
    });
    await this.warehouse.insertLines('crm.events', lines.join('\n'));
  }

  async close(): Promise<void> {
    await this.warehouse.close();
    rmSync(this.dir, { recursive: true });
  }
}
