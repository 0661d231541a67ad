import { setTimeout as delay } from 'node:timers/promises';
import type { Warehouse } from '#warehouse/warehouse';

/** Says of what was read whether it is right, when so many events had landed before. */
export type Judge<Row> = (row: Row, landed: number) => boolean;

/** Events whose landing is noted: only then every feed is sure to have taken them. */
const LANDED = `SELECT sum(records) AS n FROM (
  SELECT argMin(c.records, noted_at) AS records FROM crm.claims AS c
  WHERE state = 'claimed' AND (partition, first) IN (SELECT partition, first FROM crm.claims WHERE state = 'landed')
  GROUP BY partition, first)`;

/** Reads a public view again and again, as a dashboard would, and notes whatever it should not have shown. */
export class ViewReader<Row> {
  readonly findings: string[] = [];
  reads = 0;
  /** What it holds the view against. */
  landed = 0;
  private stopped = false;
  private readonly done: Promise<void>;

  constructor(warehouse: Warehouse, sql: string, isRight: Judge<Row>) {
    this.done = this.run(warehouse, sql, isRight);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  private async run(shared: Warehouse, sql: string, isRight: Judge<Row>) {
    const warehouse = await shared.connect();
    while (!this.stopped) {
      try {
        const [[row], [next]] = await Promise.all([
          warehouse.rows<Row>(sql),
          warehouse.rows<{ n: number }>(LANDED),
        ]);
        if (!row || !isRight(row, this.landed))
          this.findings.push(JSON.stringify({ landed: this.landed, row }));
        this.landed = next?.n ?? this.landed;
      } catch (error) {
        this.findings.push((error as Error).message.slice(0, 300));
      }
      this.reads += 1;
      await delay(10);
    }
    await warehouse.close();
  }
}
