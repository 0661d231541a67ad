import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIENCE_CHECKSUM_SQL, type AudienceCount } from '#crm/campaign/audience-checksum';
import { packageRoot } from '#platform/package-root';
import { scratchTable } from '#warehouse/columns';
import type { Warehouse } from '#warehouse/warehouse';

/** One evaluation of a segment or list, as crm.campaign_audience keeps it. */
export interface Snapshot extends AudienceCount {
  readonly attempt: string;
}

export interface AudienceQuestion {
  readonly campaignId: string;
  /** Whom the segment or the list names. */
  readonly named: AsyncIterable<readonly string[]>;
  /** What was known at this position decides who is merged into whom, and who is left out. */
  readonly knownAt: number;
  readonly channel: string;
  readonly winBack: boolean;
}

const PAGE = 10_000;

/**
 * The audiences of campaigns in the warehouse. Every evaluation is an attempt of its own and all of it is written
 * before it is counted: one that a crash cut off, or two at once, never mix, and a snapshot is complete exactly when
 * it has the count and checksum that the campaign has selected.
 */
export class Audiences {
  /** @param warehouse a connection of its own */
  constructor(private readonly warehouse: Warehouse) {}

  async take({ campaignId, named, ...bounds }: AudienceQuestion): Promise<Snapshot> {
    const attempt = randomUUID();
    const tables = { named: scratchTable('named'), identity: scratchTable('identity') };
    try {
      await this.keepNamed(tables.named, named);
      await this.warehouse.command(
        `CREATE TABLE ${tables.identity} ENGINE = MergeTree ORDER BY customer_id AS ${model('identity')}`,
        bounds,
      );
      await this.warehouse.command(
        `INSERT INTO crm.campaign_audience (campaign_id, attempt, customer_id, left_out)
         SELECT {campaignId:String}, {attempt:UUID}, customer_id, left_out FROM (${model('campaign_audience')})`,
        {
          ...bounds,
          winBack: Number(bounds.winBack),
          campaignId,
          attempt,
          named: unqualified(tables.named),
          identity: unqualified(tables.identity),
        },
      );
    } finally {
      for (const table of Object.values(tables))
        await this.warehouse.command(`DROP TABLE IF EXISTS ${table}`);
    }
    const [taken] = await this.counts(campaignId, attempt);
    return taken ?? { attempt, count: 0, checksum: '0'.repeat(16) };
  }

  /** The snapshot of an audience that was selected before. */
  async find(campaignId: string, { count, checksum }: AudienceCount): Promise<Snapshot | undefined> {
    const attempts = await this.counts(campaignId);
    return attempts.find((attempt) => attempt.count === count && attempt.checksum === checksum);
  }

  /** The members to be, in pages. */
  async *members(campaignId: string, attempt: string): AsyncGenerator<string[]> {
    for (let after = ''; ; ) {
      const rows = await this.warehouse.rows<{ customer_id: string }>(
        `SELECT customer_id FROM crm.campaign_audience
         WHERE campaign_id = {campaignId:String} AND attempt = {attempt:UUID} AND left_out = ''
               AND customer_id > {after:String}
         ORDER BY customer_id LIMIT ${PAGE}`,
        { campaignId, attempt, after },
      );
      const last = rows.at(-1);
      if (!last) return;
      yield rows.map(({ customer_id }) => customer_id);
      after = last.customer_id;
    }
  }

  /** Deletes the attempts that came to nothing, once an audience is frozen. */
  async keepOnly(campaignId: string, audience: AudienceCount): Promise<void> {
    const kept = await this.find(campaignId, audience);
    if (!kept) return;
    const others = 'campaign_id = {campaignId:String} AND attempt != {attempt:UUID}';
    const params = { campaignId, attempt: kept.attempt };
    const found = await this.warehouse.rows(
      `SELECT 1 FROM crm.campaign_audience WHERE ${others} LIMIT 1`,
      params,
    );
    if (found.length > 0)
      await this.warehouse.command(`DELETE FROM crm.campaign_audience WHERE ${others}`, params);
  }

  private counts(campaignId: string, attempt?: string): Promise<Snapshot[]> {
    return this.warehouse.rows<Snapshot>(
      `SELECT attempt, toUInt32(count()) AS count, ${AUDIENCE_CHECKSUM_SQL} AS checksum
       FROM (SELECT attempt, customer_id FROM crm.campaign_audience
             WHERE campaign_id = {campaignId:String} AND left_out = '' ${attempt ? 'AND attempt = {attempt:UUID}' : ''})
       GROUP BY attempt`,
      { campaignId, ...(attempt && { attempt }) },
    );
  }

  private async keepNamed(table: string, named: AsyncIterable<readonly string[]>): Promise<void> {
    await this.warehouse.command(
      `CREATE TABLE ${table} (customer_id String) ENGINE = MergeTree ORDER BY customer_id`,
    );
    for await (const page of named)
      await this.warehouse.insertLines(
        table,
        page.map((customer_id) => `${JSON.stringify({ customer_id })}\n`).join(''),
      );
  }
}

const model = (name: string): string =>
  readFileSync(join(packageRoot(), 'infra', 'clickhouse', 'models', `${name}.sql`), 'utf8');

const unqualified = (table: string): string => table.slice(table.indexOf('.') + 1);
