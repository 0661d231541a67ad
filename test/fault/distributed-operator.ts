import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { topicKey } from '#event-stream/kafka/topic-event';
import { landingLine } from '#event-stream/landing-line';
import type { Random } from '#statistics/random';
import { setAside } from '#warehouse/landing/dead-letters';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import type { Answer } from './distributed-administration.js';
import { EFFECTS } from './distributed-effects.js';
import type { Outcome } from './distributed-fault.js';
import type { ProcessPart } from './distributed-part.js';
import type { DistributedSet } from './distributed-set.js';

/** Rows that were taken out of crm.events, and how they are to come back. */
interface Loss {
  readonly by: 'refill' | 'replay';
  /** Positions, one after the other. */
  readonly first: number;
  readonly last: number;
  readonly events: number;
  /** The statement that takes them was carried out; it must not be sent once more. */
  taken: boolean;
}

const MOST_LOST = 40;
const KILLED_WITHIN_MS = 1_500;
const ATTEMPTS = 4;
const AGAIN_AFTER_MS = 1_000;
const STATEMENT_MS = 20_000;
const LOOK_EVERY_MS = 200;
/** What a repair says of the projections that it makes incomplete. */
const BY_REPAIR = /came later/;

/**
 * What an operator does while everything else goes wrong: rebuilds and rolls back projections, compares, and brings back
 * what was lost. Only what was taken here is asked back, so that nothing else that is lost is hidden.
 */
export class Operator {
  /** What an operator would complain about. */
  readonly complaints: string[] = [];
  private loss: Loss | undefined;
  private repaired = false;

  constructor(private readonly set: DistributedSet) {}

  async rebuild(name: string): Promise<Outcome> {
    await this.untilUp();
    const { done, said } = await this.set.administration.ask(`projections/${name}/rebuild`);
    return { remark: `${name}: ${said}`, ...(done && { effect: EFFECTS.rebuilt }) };
  }

  /** One that has something to go back to, if there is any. */
  async rollBack(name: string): Promise<Outcome> {
    await this.untilUp();
    const projections = await this.set.administration.projections().catch(() => []);
    const able = projections.filter(({ standby }) => standby !== undefined).map((one) => one.name);
    const which = able.includes(name) ? name : (able[0] ?? name);
    const { done, said } = await this.set.administration.ask(`projections/${which}/rollback`);
    return { remark: `${which}: ${said}`, ...(done && { effect: EFFECTS.rolledBack }) };
  }

  async verify(random: Random): Promise<Outcome> {
    const { done, result, said } = await this.ask('verify', random);
    if (done && result.agrees !== true && !this.loss)
      this.complaints.push(`verify found differences under load: ${JSON.stringify(result.differences)}`);
    return { remark: said.slice(0, 80), ...(done && { effect: EFFECTS.verified }) };
  }

  /** Loses landed events, and brings them back; what was not brought back the last time comes first. */
  async repair(by: Loss['by'], random: Random): Promise<Outcome> {
    try {
      this.loss ??= await this.choose(by, random);
      if (!this.loss) return { remark: 'too little has landed' };
      return await this.bringBack(this.loss, random);
    } catch (error) {
      return { remark: `not now: ${(error as Error).message}` };
    }
  }

  /** Ends what was begun: what is still lost comes back, and the projections that a repair has spoilt are rebuilt. */
  async finish(random: Random, withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    const untilDone = async (what: string, step: () => Promise<boolean>) => {
      while (!(await step())) {
        if (Date.now() > deadline) throw new Error(`${what} after ${withinMs} ms of quiet`);
        await delay(LOOK_EVERY_MS);
      }
    };
    await untilDone('lost events are not back', async () => {
      if (this.loss) await this.repair(this.loss.by, random);
      return this.loss === undefined;
    });
    if (!this.repaired) return;
    await untilDone('projections still need a rebuild', async () => {
      const spoilt = await this.spoilt();
      for (const name of spoilt) await this.rebuild(name);
      return spoilt.length === 0;
    });
  }

  private async spoilt(): Promise<string[]> {
    return (await this.set.administration.projections())
      .filter(({ state, reason }) => state === 'needs rebuild' && BY_REPAIR.test(reason))
      .map(({ name }) => name);
  }

  /** Asks analytics, which is killed every other time before it has answered, and asks again when nothing came of it. */
  private async ask(path: string, random: Random): Promise<Answer> {
    const said: string[] = [];
    const killed =
      random.uniform() < 0.5 && (await this.askAndKill(path, KILLED_WITHIN_MS * random.uniform()));
    if (killed) said.push(killed.said);
    for (let attempt = 1; ; attempt++) {
      await this.untilUp();
      const answer = await this.set.administration.ask(path);
      said.push(answer.said);
      if (answer.done || attempt === ATTEMPTS) return { ...answer, said: said.join(' | ') };
      await delay(AGAIN_AFTER_MS);
    }
  }

  private async askAndKill(path: string, afterMs: number): Promise<Answer> {
    await this.untilUp();
    const answered = this.set.administration.ask(path);
    const analytics = this.set.part('analytics') as ProcessPart;
    await delay(afterMs);
    await analytics.kill();
    await analytics.start();
    const answer = await answered;
    return { ...answer, said: `killed after ${Math.round(afterMs)} ms: ${answer.said}` };
  }

  /** Nobody asks for work while there is nobody to do it. */
  private async untilUp(): Promise<void> {
    const analytics = this.set.part('analytics') as ProcessPart;
    for (const deadline = Date.now() + STATEMENT_MS; !analytics.isUp && Date.now() < deadline; )
      await delay(LOOK_EVERY_MS);
  }

  private async choose(by: Loss['by'], random: Random): Promise<Loss | undefined> {
    const { position: landed } = await this.set.administration.freshness();
    return this.inWarehouse(async (warehouse) => {
      const rows = await warehouse.rows<{ position: number }>(
        'SELECT position FROM crm.events WHERE position <= {landed:Int64} ORDER BY position',
        { landed },
      );
      if (rows.length < 2 * MOST_LOST) return undefined;
      const events = 1 + Math.floor(MOST_LOST * random.uniform());
      const from = Math.floor((rows.length - events) * random.uniform());
      const [first, last] = [rows[from], rows[from + events - 1]];
      return { by, first: first?.position ?? 0, last: last?.position ?? -1, events, taken: false };
    });
  }

  private bringBack(loss: Loss, random: Random): Promise<Outcome> {
    return this.inWarehouse(async (warehouse) => {
      if (!loss.taken) await this.take(warehouse, loss);
      loss.taken = true;
      this.repaired = true;
      await this.untilGone(warehouse);
      const { by, first, last, events } = loss;
      const path =
        by === 'refill' ? `refill?fromPosition=${first}&toPosition=${last}` : 'dead-letters/replay';
      const { done, said } = await this.ask(path, random);
      const remark = `${events} events from position ${first}: ${said}`;
      if (!done || (await this.rowsOf(warehouse, loss)) < events) return { remark };
      this.loss = undefined;
      return { remark, effect: by === 'refill' ? EFFECTS.refilled : EFFECTS.replayed };
    });
  }

  /** As if it had never landed, or, for a replay, as if an older version had set it aside instead. */
  private async take(warehouse: Warehouse, loss: Loss): Promise<void> {
    const { by, first, last } = loss;
    if (by === 'replay') await this.setAside(warehouse, loss);
    await warehouse.command('DELETE FROM crm.events WHERE position BETWEEN {first:Int64} AND {last:Int64}', {
      first,
      last,
    });
  }

  private async setAside(warehouse: Warehouse, { first, last }: Loss): Promise<void> {
    const places = await warehouse.rows<{ partition: number; offset: number; position: number }>(
      'SELECT `partition`, `offset`, position FROM crm.events WHERE position BETWEEN {first:Int64} AND {last:Int64}',
      { first, last },
    );
    const lines = new Map<number, { line: string; key: string }>();
    const store = new EventStoreDb(await this.set.url('event-store'));
    try {
      for await (const event of store.readAll({ after: first - 1 })) {
        if (event.position > last) break;
        lines.set(event.position, { line: landingLine(event).line, key: topicKey(event) });
      }
    } finally {
      await store.close();
    }
    const reason = 'it was set aside by an older version';
    for (const partition of new Set(places.map((place) => place.partition))) {
      const letters = places
        .filter((place) => place.partition === partition)
        .map(({ offset, position }) => ({ offset, reason, line: '', ...lines.get(position) }));
      await setAside(warehouse, partition, letters, `aside-${partition}-${first}-${last}`);
    }
  }

  /** The engine may carry out later what it was told before it was killed: what is brought back must not go with it. */
  private async untilGone(warehouse: Warehouse): Promise<void> {
    const deadline = Date.now() + STATEMENT_MS;
    for (;;) {
      const [open] = await warehouse.rows<{ mutations: number }>(
        "SELECT count() AS mutations FROM system.mutations WHERE database = 'crm' AND table = 'events' AND NOT is_done",
      );
      if (open?.mutations === 0) return;
      if (Date.now() > deadline) throw new Error('the warehouse is still deleting');
      await delay(LOOK_EVERY_MS);
    }
  }

  private async rowsOf(warehouse: Warehouse, { first, last }: Loss): Promise<number> {
    const [row] = await warehouse.rows<{ rows: number }>(
      'SELECT count() AS rows FROM crm.events WHERE position BETWEEN {first:Int64} AND {last:Int64}',
      { first, last },
    );
    return row?.rows ?? 0;
  }

  private async inWarehouse<Result>(work: (warehouse: Warehouse) => Promise<Result>): Promise<Result> {
    const url = await this.set.url('warehouse');
    const warehouse = await openWarehouse({ url, requestTimeoutMs: STATEMENT_MS });
    try {
      return await work(warehouse);
    } finally {
      await warehouse.close();
    }
  }
}
