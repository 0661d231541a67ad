import { landingProblem } from '#event-stream/landing-problem';
import type { Logger } from '#platform/logging';
import type { Projector } from '../boundary.js';
import type { Warehouse } from '../warehouse.js';
import { LandingWriter } from './landing-writer.js';
import { presentOffsets } from './present.js';
import { REPAIR_SIZE, type Repair, Repairs } from './repairs.js';
import { type Batch, batchOf } from './rows.js';

export interface Replayed {
  /** Dead letters that are in crm.events now. */
  readonly replayed: number;
  /** Those that still cannot be landed. */
  readonly remaining: number;
}

interface Letter {
  readonly partition: number;
  readonly offset: number;
  readonly line: string;
}

/**
 * Lands the dead letters that can be landed by now (because this version takes what an earlier one did not), each
 * exactly once, however often it is called or killed. The projections need a rebuild if there were any.
 */
export const replayDeadLetters = async (
  warehouse: Warehouse,
  projector: Projector,
  log: Logger,
): Promise<Replayed> => {
  const writer = new LandingWriter(warehouse, log);
  const repairs = new Repairs(warehouse, writer, 'replay', (partition, rows) =>
    lettersAt(
      warehouse,
      partition,
      rows.map(({ offset }) => offset),
    ),
  );
  let replayed = await repairs.finishOpen(projector);
  let remaining = 0;
  for (let after: readonly [number, number] = [0, -1]; ; ) {
    const page = await openLetters(warehouse, after);
    const last = page.at(-1);
    if (!last) return { replayed, remaining };
    after = [last.partition, last.offset];
    const landable = await landableOf(writer, page);
    remaining += page.length - landable.length;
    if (landable.length > 0)
      replayed += await repairs.repair(projector, () => withoutReplayed(warehouse, landable));
  }
};

/** Somebody else may have replayed some of them just now. */
const withoutReplayed = async (warehouse: Warehouse, letters: readonly Letter[]): Promise<Repair[]> => {
  const repairs: Repair[] = [];
  for (const partition of new Set(letters.map((letter) => letter.partition))) {
    const offsets = letters.filter((letter) => letter.partition === partition).map(({ offset }) => offset);
    const span = { first: offsets[0] ?? 0, last: offsets.at(-1) ?? 0 };
    const there = await presentOffsets(warehouse, partition, span, 'events');
    const rows = offsets.filter((offset) => !there.has(offset)).map((offset) => ({ offset }));
    if (rows.length > 0) repairs.push({ partition, rows });
  }
  return repairs;
};

const openLetters = (
  warehouse: Warehouse,
  [partition, offset]: readonly [number, number],
): Promise<Letter[]> =>
  warehouse.rows<Letter>(
    `SELECT partition, offset, line FROM crm.open_dead_letters
     WHERE (partition, toInt64(offset)) > ({partition:UInt16}, {offset:Int64})
     ORDER BY partition, offset LIMIT {limit:UInt32}`,
    { partition, offset, limit: REPAIR_SIZE },
  );

/** What neither we nor the engine have anything against: what is announced must be able to land. */
const landableOf = async (writer: LandingWriter, page: readonly Letter[]): Promise<Letter[]> => {
  const fit = page.filter(({ line }) => landingProblem(line) === undefined);
  const rows = fit.map((letter) => batchOf(letter.partition, [unchecked(letter)]).rows.toString());
  const refused = await writer.refused(rows);
  return fit.filter((_, i) => !refused.has(i));
};

const unchecked = ({ offset, line }: Letter) => ({ offset, line, checked: false });

const lettersAt = async (
  warehouse: Warehouse,
  partition: number,
  offsets: readonly number[],
): Promise<Batch> => {
  const letters = await warehouse.rows<Letter>(
    `SELECT partition, offset, argMax(letters.line, refused_at) AS line FROM crm.dead_letters AS letters
     WHERE partition = {partition:UInt16} AND offset IN {offsets:Array(UInt64)}
     GROUP BY partition, offset ORDER BY offset`,
    { partition, offsets },
  );
  return batchOf(partition, letters.map(unchecked));
};
