import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Command, Stored } from '#eventing/decider';
import { PerennialError } from '#eventing/errors';
import type { RecordedEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import { specMetadata } from '#test/support/decider-specification';
import type { AnyCommandType } from '../command-type.js';
import { carryOut } from '../policy.js';
import { customer } from './customer.js';
import { customerCommands } from './customer-commands.js';
import type { CustomerState } from './customer-state.js';
import type { CustomerCommand, CustomerEvent } from './customer-types.js';
import { erasurePolicy } from './erasure-policy.js';
import { mergePolicy } from './merge-policy.js';

/** Streams in memory behind the rules of the command handler, and a subscription that may fall back or crash. */
class Company {
  readonly all: RecordedEvent[] = [];
  private checkpoint = 0;
  private commands = 0;

  state(id: string): CustomerState {
    return this.stream(`customer-${id}`).reduce(
      (state, event) => customer.evolve(state, event as unknown as Stored<CustomerEvent>),
      customer.initialState,
    );
  }

  /** What somebody outside asks for; a refusal changes nothing. */
  ask(type: CustomerCommand['type'], data: object): string {
    this.commands += 1;
    const metadata = { ...specMetadata, commandId: `outside-${this.commands}` };
    try {
      this.send({ type, data, metadata });
      return 'done';
    } catch (error) {
      if (error instanceof PerennialError) return error.code;
      throw error;
    }
  }

  /** Runs the policies; @param sends after so many appends the process dies, before its checkpoint is saved */
  async run(sends = Number.POSITIVE_INFINITY): Promise<void> {
    let left = sends;
    const send = async (command: Command) => {
      if (left === 0) throw new Crash();
      if (this.send(command)) left -= 1;
    };
    try {
      for (; this.checkpoint < this.all.length; this.checkpoint += 1) {
        const event = this.all[this.checkpoint] as RecordedEvent;
        for (const followUp of [...mergePolicy(event), ...erasurePolicy(event)])
          await carryOut(followUp, send);
      }
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }

  fallBack(events: number): void {
    this.checkpoint = Math.max(0, this.checkpoint - events);
  }

  private stream(name: string): RecordedEvent[] {
    return this.all.filter((event) => event.stream === name);
  }

  /** @returns whether something was appended */
  private send(command: Command): boolean {
    const type: AnyCommandType | undefined = customerCommands.find((known) => known.type === command.type);
    if (!type) throw new Error(`No command type ${command.type}`);
    const stream = type.stream(command.data);
    const past = this.stream(stream);
    if (past.some((event) => event.metadata.commandId === command.metadata.commandId)) return false;
    const state = past.reduce(
      (folded, event) => type.decider.evolve(folded, event),
      type.decider.initialState,
    );
    const decided = type.decider.decide(command, state) as readonly CustomerEvent[];
    for (const [index, event] of decided.entries())
      this.all.push({
        ...event,
        id: eventId(stream, command.metadata.commandId, index),
        stream,
        revision: past.length + index,
        position: this.all.length,
        schemaVersion: 1,
        metadata: command.metadata,
        recordedAt: specMetadata.occurredAt,
      });
    return decided.length > 0;
  }
}

class Crash extends Error {}

const merge = (customerId: string, into: string) =>
  ['MergeCustomer', { customerId, into, reason: 'duplicate' }] as const;

const types = (company: Company): readonly string[] =>
  company.all.map(({ stream, type }) => `${stream} ${type}`);

describe('the policy of merges', () => {
  it('takes a merge through its steps', async () => {
    const company = new Company();
    company.ask(...merge('m', 's'));
    await company.run();
    expect(types(company)).toEqual([
      'customer-s CustomerMergeReserved',
      'customer-m CustomerMerged',
      'customer-s CustomerMergeCompleted',
    ]);
    expect(company.all[1]?.metadata).toMatchObject({
      correlationId: specMetadata.correlationId,
      causationId: company.all[0]?.id,
      customerId: 'm',
    });
  });

  it('takes the undoing through its steps', async () => {
    const company = new Company();
    company.ask(...merge('m', 's'));
    await company.run();
    company.ask('UndoCustomerMerge', { customerId: 'm', into: 's' });
    await company.run();
    expect(types(company).slice(3)).toEqual([
      'customer-s CustomerMergeUndoReserved',
      'customer-m CustomerMergeUndone',
      'customer-s CustomerMergeUndoCompleted',
    ]);
    expect(company.state('m').mergedInto).toBeUndefined();
    expect(company.state('s').mergedFrom).toEqual([]);
  });

  it('releases the survivor when the other cannot be merged', async () => {
    const company = new Company();
    company.ask(...merge('m', 't'));
    await company.run();
    company.ask(...merge('m', 's'));
    await company.run();
    expect(types(company).slice(3)).toEqual([
      'customer-s CustomerMergeReserved',
      'customer-s CustomerMergeReleased',
    ]);
    expect(company.all[4]?.data).toMatchObject({ because: 'customer-merged' });
  });

  it('sets the other free when the reservation was released meanwhile', async () => {
    const company = new Company();
    company.ask(...merge('m', 't'));
    await company.run();
    company.ask(...merge('m', 's'));
    await company.run();
    company.ask('UndoCustomerMerge', { customerId: 'm', into: 't' });
    await company.run();
    company.fallBack(1_000);
    await company.run();
    expect(company.state('m').mergedInto).toBeUndefined();
    expect(company.state('s').mergedFrom).toEqual([]);
  });

  it('lets two customers who are merged into each other not both vanish', async () => {
    const company = new Company();
    company.ask(...merge('a', 'b'));
    company.ask(...merge('b', 'a'));
    await company.run();
    const merged = ['a', 'b'].filter((id) => company.state(id).mergedInto);
    expect(merged.length).toBeLessThanOrEqual(1);
  });

  it('finishes after a crash before any step', async () => {
    for (const sends of [0, 1, 2]) {
      const company = new Company();
      company.ask(...merge('m', 's'));
      await company.run(sends);
      await company.run();
      expect(types(company)).toHaveLength(3);
    }
  });

  it('erases those who were merged into an erased customer, and theirs', async () => {
    const company = new Company();
    company.ask(...merge('x', 'm'));
    await company.run();
    company.ask(...merge('m', 's'));
    await company.run();
    expect(company.ask('EraseCustomer', { customerId: 'm' })).toBe('customer-merged');
    expect(company.ask('EraseCustomer', { customerId: 's', reason: 'requested' })).toBe('done');
    await company.run();
    expect(['x', 'm', 's'].map((id) => company.state(id).erased)).toEqual([true, true, true]);
  });

  it('leaves both sides in agreement, whatever is asked, and whenever the process dies or falls back', async () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ ask: fc.constant('MergeCustomer' as const), customerId: id, into: id }),
      fc.record({ ask: fc.constant('UndoCustomerMerge' as const), customerId: id, into: id }),
      fc.record({ ask: fc.constant('EraseCustomer' as const), customerId: id }),
      fc.record({ run: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ fallBack: fc.integer({ min: 1, max: 6 }) }),
    );
    const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const company = new Company();
      for (const step of steps) {
        if ('run' in step) await company.run(step.run);
        else if ('fallBack' in step) company.fallBack(step.fallBack);
        else {
          const { ask, ...data } = step;
          company.ask(ask, ask === 'MergeCustomer' ? { ...data, reason: 'duplicate' } : data);
        }
      }
      await company.run();
      for (const survivor of ['a', 'b', 'c']) {
        const state = company.state(survivor);
        expect([state.merging, state.unmerging]).toEqual([undefined, undefined]);
        for (const other of ['a', 'b', 'c']) {
          const listed = state.mergedFrom.some(({ from }) => from === other);
          expect(company.state(other).mergedInto?.into === survivor).toBe(listed);
          if (listed && state.erased) expect(company.state(other).erased).toBe(true);
        }
      }
    });
    await fc.assert(property, { seed: 19_970_102, numRuns: 2_000 });
  });
});
