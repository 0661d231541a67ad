import { describe, expect, it } from '@jest/globals';
import type { PerennialError } from '#eventing/errors';
import { FieldChecks } from './field-checks.js';

const problemsOf = (check: (checks: FieldChecks) => void): readonly string[] => {
  const checks = new FieldChecks();
  check(checks);
  try {
    checks.done();
    return [];
  } catch (error) {
    return (error as PerennialError).fields.map(({ path }) => path);
  }
};

describe('field checks', () => {
  it('names every wrong field at once', () => {
    const wrong = problemsOf((checks) => {
      checks.present('orderId', undefined);
      checks.id('customerId', 'jane@example.org');
      checks.count('durationSeconds', -1, 10);
    });
    expect(wrong).toEqual(['orderId', 'customerId', 'durationSeconds']);
  });

  it.each(['A-1', 'order 7', 'ünïcode-7', 'urn:order:7', '4711'])('takes the id %s', (id) => {
    expect(problemsOf((checks) => checks.id('id', id))).toEqual([]);
  });

  it.each(['', ' a', 'a\u0000', 'x'.repeat(201), 'jane@example.org', '+49 171 1234567', 7])(
    'refuses the id %p',
    (id) => {
      expect(problemsOf((checks) => checks.id('id', id as string))).toEqual(['id']);
    },
  );

  it.each(['web', 'Postal mail', 'Loan modification,collection,foreclosure', 'Zubehör'])(
    'takes the code %s',
    (code) => {
      expect(problemsOf((checks) => checks.code('channel', code))).toEqual([]);
    },
  );

  it.each(['', ' web', 'jane@example.org', 'call 0171 1234567', 'a\nb', 'x'.repeat(101)])(
    'refuses the code %p',
    (code) => {
      expect(problemsOf((checks) => checks.code('channel', code))).toEqual(['channel']);
    },
  );

  it.each(['(CD) Certificate of deposit', 'E*Trade Bank', 'Spring 2024 – come back!'])(
    'takes the label %s',
    (label) => {
      expect(problemsOf((checks) => checks.label('name', label))).toEqual([]);
    },
  );

  it.each(['', 'ask jane@example.org', 'call 0171 1234567', 'a\nb', 'x'.repeat(201)])(
    'refuses the label %p',
    (label) => {
      expect(problemsOf((checks) => checks.label('name', label))).toEqual(['name']);
    },
  );

  it.each(['changed-mind', 'late', 'r2'])('takes the reason %s', (reason) => {
    expect(problemsOf((checks) => checks.reason('reason', reason))).toEqual([]);
  });

  it.each(['Mrs Smith rang', 'Late', '-', ''])('refuses the reason %p, which is no code', (reason) => {
    expect(problemsOf((checks) => checks.reason('reason', reason))).toEqual(['reason']);
  });

  it('refuses a personal value in the clear', () => {
    expect(problemsOf((checks) => checks.sealed('note', 'Jane'))).toEqual(['note']);
    expect(problemsOf((checks) => checks.sealed('note', 'sealed.1.c-1.1.f.x'))).toEqual([]);
    expect(problemsOf((checks) => checks.sealed('note', null))).toEqual([]);
  });
});
