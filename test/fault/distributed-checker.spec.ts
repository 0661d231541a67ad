import { describe, expect, it } from '@jest/globals';
import { partitionOf } from '#event-stream/kafka/partition';
import { landingLine } from '#event-stream/landing-line';
import type { RecordedEvent } from '#eventing/event';
import type { DifferenceKind } from '#warehouse/verify/findings';
import {
  type ClaimRow,
  checkCheckpoints,
  checkClaims,
  checkDifferences,
  checkLanded,
  checkTopic,
  type LandedRow,
} from './distributed-checker.js';
import { EFFECTS, type Effect, missingEffects } from './distributed-effects.js';
import type { TopicRecord } from './distributed-topic.js';

const PARTITIONS = 4;
const uuid = (number: number) => `00000000-0000-5000-8000-${String(number).padStart(12, '0')}`;

const events: RecordedEvent[] = Array.from({ length: 40 }, (_, i) => ({
  id: uuid(i),
  type: 'PurchaseRecorded',
  schemaVersion: 1,
  data: { orderId: `o-${i}` },
  stream: `purchase-o-${i}`,
  revision: 0,
  position: i * 3,
  recordedAt: '2026-01-01T00:00:00.000Z',
  metadata: {
    customerId: i % 5 === 0 ? null : `c-${i % 7}`,
    occurredAt: '2026-01-01T00:00:00.000Z',
    businessDate: '2026-01-01',
    actor: 'test',
    commandId: `command-${i}`,
    correlationId: `command-${i}`,
    causationId: null,
  },
}));

/** As a relay writes them: transactions of five events, each of which ends in a mark in its partitions. */
const relayed = () => {
  const next = new Map<number, number>();
  const records: TopicRecord[] = [];
  const marks: TopicRecord[] = [];
  for (let from = 0; from < events.length; from += 5) {
    const touched = new Set<number>();
    const told = new Map<number, number>();
    for (const event of events.slice(from, from + 5)) {
      const key = event.metadata.customerId ?? event.stream;
      const partition = partitionOf(key, PARTITIONS);
      const offset = next.get(partition) ?? 0;
      next.set(partition, offset + 1);
      touched.add(partition);
      const { line } = landingLine(event);
      records.push({
        partition,
        offset,
        key,
        value: line,
        headers: { 'event-id': event.id, type: event.type },
      });
    }
    for (const record of records) told.set(record.partition, record.offset + 1);
    marks.push({
      partition: 0,
      offset: from,
      key: 'relay',
      value: JSON.stringify({
        position: events[from + 4]?.position,
        next: Object.fromEntries(told),
      }),
      headers: {},
    });
    for (const partition of touched) next.set(partition, (next.get(partition) ?? 0) + 1);
  }
  return { records: records.sort((a, b) => a.partition - b.partition || a.offset - b.offset), marks };
};

const { records, marks } = relayed();
const rows: LandedRow[] = records.map(({ partition, offset, value }) => ({
  partition,
  offset,
  id: (JSON.parse(value) as { event_id: string }).event_id,
}));
const claims: ClaimRow[] = [...new Set(records.map(({ partition }) => partition))].flatMap((partition) => {
  const its = records.filter((record) => record.partition === partition);
  const end = its.at(-1)?.offset as number;
  const middle = Math.floor(end / 2);
  const count = (first: number, last: number) =>
    its.filter(({ offset }) => offset >= first && offset <= last).length;
  return [
    { partition, first: 0, last: middle, records: count(0, middle), landed: true },
    { partition, first: middle + 1, last: end + 1, records: count(middle + 1, end + 1), landed: true },
  ];
});

const kinds = (found: readonly { kind: string }[]) => [...new Set(found.map(({ kind }) => kind))];
const changed = <T>(all: readonly T[], index: number, change: Partial<T>): T[] =>
  all.map((one, i) => (i === index ? { ...one, ...change } : one));
const without = <T>(all: readonly T[], index: number): T[] => all.filter((_, i) => i !== index);

describe('the checker of the topic', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(checkTopic(events, records, PARTITIONS)).toEqual([]);
    expect(checkCheckpoints(events, records, marks)).toEqual([]);
  });

  it('sees a record that is missing, doubled or from nowhere', () => {
    expect(kinds(checkTopic(events, without(records, 7), PARTITIONS))).toEqual(['lost']);
    const again = { ...(records.at(-1) as TopicRecord), offset: 999 };
    expect(kinds(checkTopic(events, [...records, again], PARTITIONS))).toEqual(['doubled', 'out of order']);
    expect(kinds(checkTopic(without(events, 7), records, PARTITIONS))).toEqual(['foreign']);
  });

  it('sees another partition, key, header or text, and another order', () => {
    const of = (change: Partial<TopicRecord>) =>
      kinds(checkTopic(events, changed(records, 3, change), PARTITIONS));
    expect(of({ key: 'somebody' })).toEqual(['moved']);
    expect(of({ partition: 9 })).toEqual(['moved']);
    expect(of({ headers: {} })).toEqual(['moved']);
    expect(of({ value: `${records[3]?.value.slice(0, -1)} }` })).toEqual(['moved']);
    const [one, other] = [records[3], records[4]] as [TopicRecord, TopicRecord];
    const exchanged = changed(changed(records, 3, { ...other, offset: one.offset }), 4, {
      ...one,
      offset: other.offset,
    });
    expect(kinds(checkTopic(events, exchanged, PARTITIONS))).toEqual(['out of order']);
  });

  it('sees a checkpoint that is ahead, behind, torn or the last but one', () => {
    const of = (index: number, change: object) =>
      kinds(
        checkCheckpoints(
          events,
          records,
          changed(marks, index, {
            value: JSON.stringify({ ...JSON.parse(marks[index]?.value as string), ...change }),
          }),
        ),
      );
    expect(of(3, { position: events[21]?.position })).toEqual(['moved']);
    expect(of(3, { position: -1 })).toEqual(['moved']);
    expect(of(3, { next: {} })).toEqual(['moved']);
    expect(kinds(checkCheckpoints(events, records, without(marks, marks.length - 1)))).toEqual(['lost']);
  });
});

describe('the checker of what has landed', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(checkLanded(records, rows)).toEqual([]);
    expect(checkClaims(records, claims)).toEqual([]);
  });

  it('sees a row that is missing, doubled or at another place', () => {
    expect(kinds(checkLanded(records, without(rows, 5)))).toEqual(['lost']);
    expect(kinds(checkLanded(records, [...rows, rows[5] as LandedRow]))).toEqual(['doubled']);
    expect(kinds(checkLanded(records, changed(rows, 5, { offset: 999 }))).sort()).toEqual([
      'doubled',
      'lost',
    ]);
  });

  it('sees a hole, an overlap, a wrong count, a claim that is open and one that is missing', () => {
    const first = claims[0] as ClaimRow;
    expect(kinds(checkClaims(records, without(claims, 1)))).toContain('lost');
    expect(kinds(checkClaims(records, changed(claims, 1, { first: (claims[1]?.first ?? 0) + 1 })))).toContain(
      'lost',
    );
    expect(kinds(checkClaims(records, changed(claims, 0, { last: first.last + 1 })))).toContain('doubled');
    expect(kinds(checkClaims(records, changed(claims, 0, { records: first.records + 1 })))).toEqual([
      'moved',
    ]);
    expect(kinds(checkClaims(records, changed(claims, 1, { landed: false })))).toEqual(['half done']);
    expect(kinds(checkClaims(records, []))).toEqual(['lost']);
  });
});

describe('what verify finds', () => {
  it('counts as what it is', () => {
    const difference = { in: 'warehouse', partition: 2, first: 30, last: 60, events: 2 } as const;
    expect(checkDifferences([])).toEqual([]);
    expect(checkDifferences([{ ...difference, kind: 'altered' }])).toEqual([
      { kind: 'moved', what: 'warehouse: 2 events altered in partition 2 from position 30 to 60' },
    ]);
    const kindOf = (kind: DifferenceKind) => kinds(checkDifferences([{ ...difference, kind }]));
    expect(kindOf('missing')).toEqual(['lost']);
    expect(kindOf('dead letter')).toEqual(['lost']);
    expect(kindOf('doubled')).toEqual(['doubled']);
    expect(kindOf('out of order')).toEqual(['out of order']);
    expect(kindOf('extra')).toEqual(['foreign']);
  });
});

describe('a run of faults', () => {
  it('must have had its effects, the more the longer it was', () => {
    const had = (...effects: Effect[]) => new Map(effects.map((effect) => [effect, 1]));
    expect(missingEffects(10, had())).toEqual([]);
    expect(missingEffects(30, had(EFFECTS.asleep))).toEqual([`it never happened that ${EFFECTS.cut}`]);
    expect(missingEffects(30, had(EFFECTS.asleep, EFFECTS.cut))).toEqual([]);
    const five = [EFFECTS.asleep, EFFECTS.cut, EFFECTS.rebuilt, EFFECTS.repeated, EFFECTS.rolledBack];
    expect(missingEffects(100, had(...five))).toEqual([]);
    expect(missingEffects(100, had(...five.slice(1)))).toHaveLength(1);
    const [left, ...others] = Object.values(EFFECTS);
    expect(missingEffects(1000, had(...others))).toEqual([`it never happened that ${left}`]);
    expect(missingEffects(1000, had(left as Effect, ...others))).toEqual([]);
  });
});
