import { describe, it } from '@jest/globals';
import type { Sealed } from '#eventing/sealed';
import { specification } from '#test/support/decider-specification';
import { type Interaction, type InteractionVoiding, interaction } from './interaction.js';

const given = specification(interaction);
const sealed = (clear: string, cipher = 'x') => `sealed.1.c-1.1.${clear}.${cipher}` as Sealed;

const call: Interaction = {
  interactionId: 'i-1',
  customerId: 'c-1',
  channel: 'phone',
  direction: 'inbound',
  kind: 'call',
  contactReason: 'where is my order',
  orderId: 'o-1',
  durationSeconds: 95,
  cost: { amount: '3.20', currency: 'EUR' },
  agent: { kind: 'employee', id: 'e-7' },
  sentiment: 'negative',
  text: sealed('angry'),
};
const record = (fields: Partial<Interaction> = {}) =>
  ({ type: 'RecordInteraction', data: { ...call, ...fields } }) as const;
const recorded = (fields: Partial<Interaction> = {}) =>
  ({ type: 'InteractionRecorded', data: { ...call, ...fields } }) as const;

describe('recording an interaction', () => {
  it('keeps it as it was given', () => {
    given([]).when(record()).then([recorded()]);
  });

  it('needs nothing but a channel: visitors are not yet customers', () => {
    const visit = { interactionId: 'i-2', visitorId: 'cookie-9', channel: 'web' };
    given([])
      .when({ type: 'RecordInteraction', data: visit })
      .then([{ type: 'InteractionRecorded', data: visit }]);
  });

  it('decides nothing when the same is recorded again, though sealed anew', () => {
    given([recorded()])
      .when(record({ text: sealed('angry', 'y'), cost: { amount: '3.2', currency: 'EUR' } }))
      .thenNothing();
  });

  it('refuses other content under the same id', () => {
    given([recorded()])
      .when(record({ text: sealed('content') }))
      .thenRefused('interaction-exists');
    given([recorded()])
      .when({ ...record(), metadata: { occurredAt: '2024-05-01T11:00:00.000Z' } })
      .thenRefused('interaction-exists');
  });

  it.each([
    ['interactionId', { interactionId: 'jane@example.org' }],
    ['customerId', { customerId: '' }],
    ['visitorId', { visitorId: '+1 212 555 0100' }],
    ['channel', { channel: undefined as unknown as string }],
    ['channel', { channel: 'a\nb' }],
    ['direction', { direction: 'sideways' as 'inbound' }],
    ['kind', { kind: '@' }],
    ['contactReason', { contactReason: 'call jane@example.org' }],
    ['orderId', { orderId: '' }],
    ['complaintId', { complaintId: '' }],
    ['campaignId', { campaignId: '' }],
    ['threadId', { threadId: '' }],
    ['durationSeconds', { durationSeconds: -1 }],
    ['durationSeconds', { durationSeconds: 1.5 }],
    ['cost.amount', { cost: { amount: '-1', currency: 'EUR' } }],
    ['agent.kind', { agent: { kind: 'parrot' as 'bot' } }],
    ['agent.id', { agent: { kind: 'bot', id: '' } }],
    ['sentiment', { sentiment: 'blue' as 'negative' }],
    ['text', { text: 'in the clear' as Sealed }],
  ] satisfies [string, Partial<Interaction>][])('refuses a wrong %s', (path, fields) => {
    given([]).when(record(fields)).thenRefused('validation-failed', path);
  });
});

describe('voiding an interaction', () => {
  const voiding: InteractionVoiding = { interactionId: 'i-1', reason: 'duplicate', note: sealed('oops') };
  const voidIt = { type: 'VoidInteraction', data: voiding } as const;
  const voided = { type: 'InteractionVoided', data: voiding } as const;

  it('takes it out of the count', () => {
    given([recorded()]).when(voidIt).then([voided]);
  });

  it('decides nothing when it is voided so already', () => {
    given([recorded(), voided]).when(voidIt).thenNothing();
  });

  it('is refused for another reason than before, and for what nobody knows', () => {
    given([recorded(), voided])
      .when({ ...voidIt, data: { ...voiding, reason: 'test' } })
      .thenRefused('already-voided');
    given([]).when(voidIt).thenRefused('interaction-unknown');
  });

  it('leaves a repeated recording a repetition', () => {
    given([recorded(), voided]).when(record()).thenNothing();
  });
});
