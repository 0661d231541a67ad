import { describe, expect, it } from '@jest/globals';
import type { Command } from '#eventing/decider';
import { notFound, PerennialError, refused } from '#eventing/errors';
import type { RecordedEvent } from '#eventing/event';
import { specMetadata } from '#test/support/decider-specification';
import { carryOut, followUpCommand } from './policy.js';

const cause: RecordedEvent = {
  id: '00000000-0000-5000-8000-000000000009',
  stream: 'customer-s',
  revision: 0,
  position: 7,
  type: 'SomethingHappened',
  schemaVersion: 1,
  data: {},
  metadata: { ...specMetadata, traceparent: '00-a-b-01' },
  recordedAt: specMetadata.occurredAt,
};
const command = followUpCommand('spec', cause, 'm', { type: 'DoNext', data: { customerId: 'm' } });
const instead = followUpCommand('spec', cause, 's', { type: 'DoOther', data: { customerId: 's' } });

const sending = (errors: Record<string, Error>) => {
  const sent: string[] = [];
  const send = async ({ type }: Command) => {
    sent.push(type);
    if (errors[type]) throw errors[type];
  };
  return { sent, send };
};

describe('a follow-up', () => {
  it('is the same command, with the same id, whenever its cause is seen', () => {
    const again = followUpCommand('spec', cause, 'm', { type: 'DoNext', data: { customerId: 'm' } });
    expect(again).toEqual(command);
    expect(instead.metadata.commandId).not.toBe(command.metadata.commandId);
  });

  it('says what caused it', () => {
    expect(command.metadata).toMatchObject({
      causationId: cause.id,
      correlationId: cause.metadata.correlationId,
      customerId: 'm',
      occurredAt: cause.metadata.occurredAt,
      traceparent: '00-a-b-01',
    });
  });

  it('is sent', async () => {
    const { sent, send } = sending({});
    await expect(carryOut({ command, ifRefused: () => instead }, send)).resolves.toBeUndefined();
    expect(sent).toEqual(['DoNext']);
  });

  it('gives way to another when the domain says no, and tells so', async () => {
    const no = refused('no', 'No.');
    const { sent, send } = sending({ DoNext: no });
    await expect(carryOut({ command, ifRefused: () => instead }, send)).resolves.toBe(no);
    expect(sent).toEqual(['DoNext', 'DoOther']);
  });

  it('may end there', async () => {
    const { sent, send } = sending({ DoNext: notFound('gone', 'Gone.') });
    await carryOut({ command, ifRefused: () => undefined }, send);
    expect(sent).toEqual(['DoNext']);
  });

  it.each([
    new PerennialError('unavailable', 'x', 'x'),
    new PerennialError('precondition-failed', 'x', 'x'),
    new Error('x'),
  ])('is not given up for %p, which is no answer of the domain', async (error) => {
    const { sent, send } = sending({ DoNext: error });
    await expect(carryOut({ command, ifRefused: () => instead }, send)).rejects.toBe(error);
    expect(sent).toEqual(['DoNext']);
  });
});
