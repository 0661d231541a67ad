import { type Checkpoint, decodeCheckpoint } from '#event-stream/kafka/checkpoint-record';
import { partitionOf } from '#event-stream/kafka/partition';
import { landingLine } from '#event-stream/landing-line';
import type { RecordedEvent } from '#eventing/event';
import type { Difference, DifferenceKind } from '#warehouse/verify/findings';
import type { TopicRecord } from './distributed-topic.js';
import { type Finding, groupBy } from './standalone-checker.js';

// What must hold between the stores of the distributed set, as pure functions over what was read back.

const finding = (kind: Finding['kind'], what: string): Finding => ({ kind, what });

/** Every event is in the topic once, as it was stored, in the partition of its customer, in the order of the events. */
export const checkTopic = (
  events: readonly RecordedEvent[],
  records: readonly TopicRecord[],
  partitions: number,
): Finding[] => {
  const found: Finding[] = [];
  const byId = groupBy(records, ({ value }) => idOf(value));
  for (const event of events) {
    const { id, type, position, stream, metadata } = event;
    const what = `topic: ${type} at ${position} in ${stream}`;
    const [record, ...more] = byId.get(id) ?? [];
    byId.delete(id);
    if (!record) {
      found.push(finding('lost', what));
      continue;
    }
    for (const { partition, offset } of more)
      found.push(finding('doubled', `${what}: also at ${partition}/${offset}`));
    const key = metadata.customerId ?? stream;
    const at = `${what} (${record.partition}/${record.offset})`;
    if (record.key !== key) found.push(finding('moved', `${at} has the key ${record.key}, not ${key}`));
    if (record.partition !== partitionOf(key, partitions))
      found.push(finding('moved', `${at} is in another partition than ${key}`));
    if (record.value !== landingLine(event).line)
      found.push(finding('moved', `${at} says: ${record.value.slice(0, 300)}`));
    if (record.headers['event-id'] !== id || record.headers.type !== type)
      found.push(finding('moved', `${at} has the headers ${JSON.stringify(record.headers)}`));
  }
  for (const records of byId.values())
    for (const { partition, offset, value } of records)
      found.push(finding('foreign', `topic: ${partition}/${offset}: ${value.slice(0, 300)}`));
  return [...found, ...checkOrder(records)];
};

const idOf = (line: string): string => (JSON.parse(line) as { event_id: string }).event_id;

const positionOf = (line: string): number => (JSON.parse(line) as { position: number }).position;

const checkOrder = (records: readonly TopicRecord[]): Finding[] =>
  [...groupBy(records, ({ partition }) => String(partition))].flatMap(([partition, its]) =>
    its
      .map(({ offset, value }) => ({ offset, position: positionOf(value) }))
      .filter(({ position }, i, all) => i > 0 && position <= (all[i - 1]?.position as number))
      .map(({ offset, position }) =>
        finding('out of order', `topic: position ${position} at ${partition}/${offset}`),
      ),
  );

/** What the relay wrote down of its way agrees with what is in the topic, record for record. */
export const checkCheckpoints = (
  events: readonly RecordedEvent[],
  records: readonly TopicRecord[],
  marks: readonly TopicRecord[],
): Finding[] => {
  const found: Finding[] = [];
  const placed = records
    .map(({ partition, offset, value }) => ({ partition, offset, position: positionOf(value) }))
    .sort((a, b) => a.position - b.position);
  const checkpoints = marks.flatMap((mark) => decodeCheckpoint(mark) ?? []);
  const reached = new Map<number, number>();
  let [before, passed] = [-1, 0];
  for (const { position, next } of checkpoints) {
    if (position < before) found.push(finding('moved', `checkpoint: ${before}, then ${position}`));
    before = Math.max(before, position);
    // A checkpoint stands right behind the last event up to its position, in every partition.
    for (; (placed[passed]?.position ?? Number.POSITIVE_INFINITY) <= position; passed++) {
      const { partition, offset } = placed[passed] as (typeof placed)[number];
      reached.set(partition, offset + 1);
    }
    for (const partition of new Set([...next.keys(), ...reached.keys()])) {
      const [told, behind] = [next.get(partition) ?? 0, reached.get(partition) ?? 0];
      if (told !== behind)
        found.push(
          finding(
            'moved',
            `checkpoint ${position}: ${partition} goes on at ${told}, events end before ${behind}`,
          ),
        );
    }
  }
  const head = events.at(-1)?.position ?? -1;
  const last: Checkpoint | undefined = checkpoints.at(-1);
  if ((last?.position ?? -1) !== head)
    found.push(finding('lost', `checkpoint: the last is ${last?.position}, the events end at ${head}`));
  return found;
};

/** A row of crm.events, by what tells it apart. */
export interface LandedRow {
  readonly partition: number;
  readonly offset: number;
  readonly id: string;
}

/** Every record has landed once, where it stands in the topic. */
export const checkLanded = (records: readonly TopicRecord[], rows: readonly LandedRow[]): Finding[] => {
  const name = ({ partition, offset, id }: LandedRow) => `crm.events: ${id} at ${partition}/${offset}`;
  const counts = new Map<string, number>();
  const count = (row: LandedRow, by: number) => counts.set(name(row), (counts.get(name(row)) ?? 0) + by);
  for (const row of rows) count(row, 1);
  for (const { partition, offset, value } of records) count({ partition, offset, id: idOf(value) }, -1);
  return [...counts].flatMap(([what, surplus]) =>
    surplus === 0 ? [] : [finding(surplus < 0 ? 'lost' : 'doubled', what)],
  );
};

/** A claim as it holds: the first that was announced at its place. */
export interface ClaimRow {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
  readonly records: number;
  readonly landed: boolean;
}

/** The claims of a partition follow on each other without a hole, none is open, and each counts what it holds. */
export const checkClaims = (records: readonly TopicRecord[], claims: readonly ClaimRow[]): Finding[] => {
  const found: Finding[] = [];
  const offsets = groupBy(records, ({ partition }) => String(partition));
  for (const [partition, its] of groupBy(claims, ({ partition }) => String(partition))) {
    const chain = [...its].sort((a, b) => a.first - b.first);
    const inIt = offsets.get(partition) ?? [];
    let passed = 0;
    chain.forEach((claim, i) => {
      const what = `claim of ${partition}/${claim.first} to ${claim.last}`;
      const before = chain[i - 1];
      if (before && claim.first > before.last + 1)
        found.push(finding('lost', `${what}: a hole behind ${before.last}`));
      if (before && claim.first <= before.last)
        found.push(finding('doubled', `${what}: the one before it ends at ${before.last}`));
      let holds = 0;
      for (; (inIt[passed]?.offset ?? Number.POSITIVE_INFINITY) <= claim.last; passed++)
        if ((inIt[passed] as TopicRecord).offset >= claim.first) holds += 1;
      if (holds !== claim.records)
        found.push(finding('moved', `${what}: says ${claim.records} records, there are ${holds}`));
      if (!claim.landed && i === chain.length - 1) found.push(finding('half done', `${what} is open`));
    });
  }
  for (const [partition, its] of offsets) {
    const last = its.at(-1)?.offset as number;
    if (!claims.some((claim) => String(claim.partition) === partition && claim.last >= last))
      found.push(finding('lost', `no claim reaches ${partition}/${last}`));
  }
  return found;
};

const MEANT: Readonly<Record<DifferenceKind, Finding['kind']>> = {
  missing: 'lost',
  'dead letter': 'lost',
  doubled: 'doubled',
  misplaced: 'moved',
  'out of order': 'out of order',
  altered: 'moved',
  extra: 'foreign',
};

/** What `perennial verify` says of the same stores: it compares every field of every event. */
export const checkDifferences = (differences: readonly Difference[]): Finding[] =>
  differences.map(({ kind, in: copy, partition, first, last, events }) =>
    finding(
      MEANT[kind],
      `${copy}: ${events} events ${kind} in partition ${partition} from position ${first} to ${last}`,
    ),
  );
