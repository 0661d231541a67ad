import { describe, expect, it } from '@jest/globals';
import type { Sealed } from '#eventing/sealed';
import { specification } from '#test/support/decider-specification';
import {
  type ServiceFailure,
  type ServiceFailureVoiding,
  serviceFailure,
  serviceFailureCommands,
} from './service-failure.js';

const given = specification(serviceFailure);

const late: ServiceFailure = {
  serviceFailureId: 'f-1',
  kind: 'late-delivery',
  severity: 'high',
  orderId: 'o-1',
  sku: 'tea',
  affectedCustomers: ['c-1', 'c-2'],
  affectedCount: 40,
  detectedBy: 'monitoring',
};
const record = (fields: Partial<ServiceFailure> = {}) =>
  ({ type: 'RecordServiceFailure', data: { ...late, ...fields } }) as const;
const recorded = { type: 'ServiceFailureRecorded', data: late } as const;

describe('recording a service failure', () => {
  it('keeps it as it was given', () => {
    given([]).when(record()).then([recorded]);
  });

  it('needs nothing but its kind', () => {
    const outage = { serviceFailureId: 'f-2', kind: 'outage' };
    given([])
      .when({ type: 'RecordServiceFailure', data: outage })
      .then([{ type: 'ServiceFailureRecorded', data: outage }]);
  });

  it('decides nothing when the same is recorded again, and refuses other content', () => {
    given([recorded]).when(record()).thenNothing();
    given([recorded])
      .when(record({ severity: 'low' }))
      .thenRefused('service-failure-exists');
    given([recorded])
      .when({ ...record(), metadata: { occurredAt: '2024-05-01T11:00:00.000Z' } })
      .thenRefused('service-failure-exists');
  });

  it('is a customer’s own when it affects one alone', () => {
    const type = serviceFailureCommands.find((known) => known.type === 'RecordServiceFailure');
    expect(type?.customer({ ...late, affectedCustomers: ['c-1'] })).toBe('c-1');
    expect(type?.customer(late)).toBeNull();
    expect(type?.customer({ ...late, affectedCustomers: undefined })).toBeNull();
  });

  it.each([
    ['serviceFailureId', { serviceFailureId: '' }],
    ['kind', { kind: undefined as unknown as string }],
    ['kind', { kind: '@' }],
    ['severity', { severity: 'awful' as 'high' }],
    ['orderId', { orderId: '' }],
    ['sku', { sku: 'jane@example.org' }],
    ['affectedCustomers[1]', { affectedCustomers: ['c-1', '+49 171 1234567'] }],
    ['affectedCustomers', { affectedCustomers: ['c-1', 'c-1'] }],
    ['affectedCustomers', { affectedCustomers: Array.from({ length: 1_001 }, (_, i) => `c-${i}`) }],
    ['affectedCount', { affectedCount: 1 }],
    ['affectedCount', { affectedCount: 2.5 }],
    ['detectedBy', { detectedBy: '@' }],
    ['description', { description: 'in the clear' as Sealed }],
  ] satisfies [string, Partial<ServiceFailure>][])('refuses a wrong %s', (path, fields) => {
    given([]).when(record(fields)).thenRefused('validation-failed', path);
  });
});

describe('voiding a service failure', () => {
  const voiding: ServiceFailureVoiding = { serviceFailureId: 'f-1', reason: 'test', replacedBy: 'f-2' };
  const voidIt = { type: 'VoidServiceFailure', data: voiding } as const;
  const voided = { type: 'ServiceFailureVoided', data: voiding } as const;

  it('takes it out of the count, once', () => {
    given([recorded]).when(voidIt).then([voided]);
    given([recorded, voided]).when(voidIt).thenNothing();
  });

  it('is refused for another reason than before, and for what nobody knows', () => {
    given([recorded, voided])
      .when({ ...voidIt, data: { ...voiding, reason: 'duplicate' } })
      .thenRefused('already-voided');
    given([]).when(voidIt).thenRefused('service-failure-unknown');
  });
});
