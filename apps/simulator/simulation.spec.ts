import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventTypes } from '#crm/catalogue';
import { Rehearsal } from '#test/support/rehearsal';
import { Calendar } from './calendar.js';
import { commandId, type SimulatedCommand } from './journal.js';
import { type Simulation, simulate } from './simulation.js';

const SEED = 7;
const calendar = new Calendar('2023-05-02', '2025-05-01');

describe('the simulated company', () => {
  let simulation: Simulation;
  let large: Simulation;

  beforeAll(() => {
    simulation = simulate({ seed: SEED, customers: 400, calendar });
    large = simulate({ seed: SEED, customers: 4000, calendar });
  });

  it('is the same for the same seed, and another for another', () => {
    expect(simulate({ seed: SEED, customers: 400, calendar })).toEqual(simulation);
    expect(simulate({ seed: SEED + 1, customers: 400, calendar })).not.toEqual(simulation);
  });

  it('tells what happens in its order, within its time', () => {
    const times = simulation.commands.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const days = simulation.commands.map(({ data }) => data.occurredAt.slice(0, 10));
    expect(days.filter((day) => day < calendar.from || day > calendar.to)).toEqual([]);
  });

  it('never says the same twice', () => {
    const ids = simulation.commands.map(commandId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has customers by the thousands with about twenty commands each', () => {
    const { commands } = large;
    expect(commands.length).toBeGreaterThan(60_000);
    expect(commands.length).toBeLessThan(100_000);
  });

  it('loses silent customers rather than those who complain', () => {
    const { commands } = large;
    const facts = <Fact>(type: string) =>
      commands.filter((command) => command.type === type).map(({ data }) => data as Fact);
    const complained = new Set(facts<{ orderId?: string }>('OpenComplaint').map(({ orderId }) => orderId));
    const lastOrders = new Map(
      facts<{ orderId: string; customerId?: string }>('RecordPurchase').map((order) => [
        order.customerId,
        order.orderId,
      ]),
    );
    const last = new Set(lastOrders.values());
    const lost = { complained: [0, 0], silent: [0, 0] };
    for (const { orderId } of facts<{ orderId?: string }>('RecordServiceFailure')) {
      if (orderId === undefined) continue;
      const counts = complained.has(orderId) ? lost.complained : lost.silent;
      counts[Number(last.has(orderId))]! += 1;
    }
    const share = ([back, gone]: number[]) => gone! / (back! + gone!);
    expect(lost.complained[0]! + lost.complained[1]!).toBeGreaterThan(300);
    expect(share(lost.silent)).toBeGreaterThan(share(lost.complained) + 0.08);
  });

  it('has campaigns with an effect that only it knows', () => {
    const [calls, voucher, letter] = large.effects;
    expect(calls).toMatchObject({ campaignId: 'win-back-calls', arm: 'call' });
    expect(voucher).toMatchObject({ campaignId: 'come-back-to-the-trail', arm: 'voucher' });
    expect(letter?.members).toBeGreaterThan(400);
    expect(voucher?.conversion).toBeGreaterThan(letter?.conversion ?? 1);
    expect(voucher?.moneyPerMember).toBeGreaterThan(2);
  });
});

describe('the simulated company on the real domain', () => {
  const directory = mkdtempSync(join(tmpdir(), 'perennial-'));
  const refusals: { command: SimulatedCommand; refusal: string | undefined; fields: unknown }[] = [];
  const types = new Set<string>();

  beforeAll(async () => {
    const { commands } = simulate({ seed: SEED, customers: 300, calendar });
    const tagged = new Tagged();
    const rehearsal = await Rehearsal.in(directory, (sql) => tagged.of(sql));
    await Promise.all(
      commands.map(async (command) => {
        const asked = { ...command, id: commandId(command) };
        const no = await rehearsal.ask(asked, laneOf(command), command.alone);
        if (!no) tagged.see(command);
        if (no?.code !== command.refusal)
          refusals.push({ command, refusal: no?.message, fields: no?.fields });
      }),
    );
    for await (const { type } of rehearsal.store.readAll()) types.add(type);
    await rehearsal.store.close();
  }, 120_000);

  afterAll(() => rmSync(directory, { recursive: true }));

  it('is never told no, but where it expects it', () => {
    expect(refusals).toEqual([]);
  });

  it('makes everything happen that can happen, but for what analytics does', () => {
    const missing = eventTypes.map(({ type }) => type).filter((type) => !types.has(type));
    expect(missing).toEqual(['ModelRunCompleted', 'ModelRunFailed']);
  });
});

/** All ids of one person's dealings carry his or her number. */
const laneOf = ({ data }: SimulatedCommand): string => /-(\d{5})\b/.exec(JSON.stringify(data))?.[1] ?? '';

/** What a segment by tag finds. */
class Tagged {
  private readonly members = new Map<string, Set<string>>();

  see({ type, data }: SimulatedCommand): void {
    const { tag, customerId } = data as unknown as { tag: string; customerId: string };
    const members = this.members.get(tag) ?? new Set();
    if (type === 'TagCustomer') this.members.set(tag, members.add(customerId));
    if (type === 'UntagCustomer') members.delete(customerId);
  }

  of(sql: string): string[] | undefined {
    const tag = /has\(tags, '(\w+)'\)/.exec(sql)?.[1];
    return tag === undefined ? undefined : [...(this.members.get(tag) ?? [])];
  }
}
