import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import type { FieldProblem } from '#eventing/errors';
import { checkerOf } from './checker.js';
import { Day, Flag, Fraction, Id, Many, Nested, OneOf, Text, Whole } from './fields.js';

class Price {
  @Text({ max: 10 }) amount!: string;
  @OneOf(['EUR', 'USD'], {}) currency!: string;
}
class Line {
  @Id({}) sku!: string;
  @Nested(() => Price, { optional: true }) unitPrice?: Price;
}
class Order {
  @Id({}) orderId!: string;
  @Nested(() => Price, {}) total!: Price;
  @Many(() => Line, { max: 2, optional: true }) lines?: Line[];
  @Text({ max: 5, optional: true, nullable: true }) note?: string | null;
  @Text({ max: 5, optional: true, listOf: 2 }) tags?: string[];
  @Day({ optional: true }) due?: string;
  @Flag({ optional: true }) gift?: boolean;
  @Whole({ min: 0, max: 9, optional: true }) count?: number;
  @Fraction({ min: 0, max: 1, optional: true }) share?: number;
}

const problemsOf = (value: unknown): FieldProblem[] => {
  const problems: FieldProblem[] = [];
  checkerOf(Order)(value, '', problems);
  return problems;
};

const good = { orderId: 'o1', total: { amount: '1.00', currency: 'EUR' } };

describe('checkerOf', () => {
  it('finds nothing wrong with what is right', () => {
    expect(problemsOf({ ...good, lines: [{ sku: 's' }], note: 'x', tags: ['a'], due: '2024-02-29' })).toEqual(
      [],
    );
  });
  it('names every wrong field with its path and reason', () => {
    expect(
      problemsOf({
        ...good,
        orderId: '',
        lines: [{ sku: 's' }, { unitPrice: { amount: 1, currency: 'X' } }],
      }),
    ).toEqual([
      { path: 'orderId', reason: 'must not be empty' },
      { path: 'lines[1].sku', reason: 'is missing' },
      { path: 'lines[1].unitPrice.amount', reason: 'must be a text' },
      { path: 'lines[1].unitPrice.currency', reason: 'must be one of EUR, USD' },
    ]);
  });
  it('refuses unknown fields, also those that would reach a prototype', () => {
    expect(
      problemsOf(
        JSON.parse(
          '{"orderId":"o","total":{"amount":"1","currency":"EUR"},"__proto__":{"a":1},"constructor":1}',
        ),
      ),
    ).toEqual([
      { path: '__proto__', reason: 'is not a known field' },
      { path: 'constructor', reason: 'is not a known field' },
    ]);
  });
  it('takes a null of an optional field for not said, and keeps one that means something', () => {
    const order = { ...good, due: null, note: null };
    expect(problemsOf(order)).toEqual([]);
    expect(order).toEqual({ ...good, note: null });
  });
  it.each([null, undefined, [], 'x', 1])('refuses %p where an object is due', (value) => {
    expect(problemsOf(value)).toEqual([{ path: '', reason: 'must be an object' }]);
  });
  it.each(['\u0000', 'a\u0007', '\ud800', 'sealed.1.'])('refuses the text %j', (note) => {
    expect(problemsOf({ ...good, note })).toHaveLength(1);
  });
  it('reports at most a hundred problems', () => {
    expect(problemsOf(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 1])))).toHaveLength(
      100,
    );
  });
  it('finds the same fields wrong as class-validator itself', () => {
    const value = fc.oneof(
      fc.constantFrom(
        'o1',
        '',
        '1.0',
        'EUR',
        null,
        undefined,
        3,
        1.5,
        true,
        '2024-02-30',
        '2024-05-01',
        'too long',
      ),
      fc.array(fc.constantFrom('a', 'toolong', 1), { maxLength: 3 }),
    );
    const order = fc.record(
      { orderId: value, note: value, tags: value, due: value, gift: value, count: value, share: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(order, (fields) => {
        const whole = { ...fields, total: good.total };
        const instance = Object.assign(new Order(), whole, { total: Object.assign(new Price(), good.total) });
        // class-validator checks the entries of what is no list; the compiled checker stops at the list.
        const theirs = new Set(validateSync(instance, { forbidUnknownValues: true }).map((e) => e.property));
        const ours = new Set(problemsOf(whole).map((p) => p.path.replace(/\[.*/, '')));
        if (fields.note === null) theirs.delete('note');
        expect([...ours].sort()).toEqual([...theirs].sort());
      }),
      { seed: 20240501, numRuns: 500 },
    );
  });
});
