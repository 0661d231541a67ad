import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { withCorrelation } from '#platform/correlation';
import { createLogger } from '#platform/logging';
import { withoutEmails } from '#platform/redaction';
import { Secret } from '#platform/secret';

const capture = () => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => lines.push(line) });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) as string) };
};

describe('the log', () => {
  it('is one line of JSON each, with level, time and message', () => {
    const { logger, last } = capture();
    logger.info({ projection: 'purchases' }, 'Rebuilt');
    expect(last()).toMatchObject({ level: 'info', projection: 'purchases', msg: 'Rebuilt' });
    expect(new Date(last().time).getTime()).toBeGreaterThan(0);
  });

  it('carries the correlation id through everything asynchronous', async () => {
    const { logger, last } = capture();
    await withCorrelation('c-1', async () => {
      await Promise.resolve();
      logger.info('inside');
    });
    expect(last().correlationId).toBe('c-1');
    logger.info('outside');
    expect(last()).not.toHaveProperty('correlationId');
  });

  it('blots out personal and secret fields at any depth', () => {
    const { logger, lines } = capture();
    const person = { name: 'Ada Lovelace', email: 'ada@example.org', address: { street: 'Rue 1' } };
    logger.info({ command: { type: 'RegisterCustomer', list: [person], 'x-api-key': 'k-123' } }, 'Received');
    logger.info({ url: '/v1/customers?email=ada%40example.org', key: new Secret('k-123') }, 'Requested');
    const text = lines.join('');
    for (const secret of ['Ada ', 'ada', 'Rue 1', 'k-123']) expect(text).not.toContain(secret);
    expect(text).toContain('RegisterCustomer');
    expect(text).toContain('/v1/customers');
  });

  it('says of an error what it is, and nothing that hangs on it', () => {
    const { logger, last } = capture();
    const error = Object.assign(new RangeError('Too far', { cause: new Error('Because') }), {
      code: 'too-far',
      request: { body: 'Ada Lovelace' },
    });
    logger.error(error);
    expect(last()).toMatchObject({
      msg: 'Too far',
      err: { type: 'RangeError', reason: 'Too far', code: 'too-far', cause: { reason: 'Because' } },
    });
    expect(last().err.stack).toContain('logging.spec');
    expect(JSON.stringify(last())).not.toContain('Lovelace');
  });

  it('takes e-mail addresses out of any text and stays JSON', () => {
    const { logger, last } = capture();
    logger.info({ reason: 'line\nada@example.org\\bob@example.org "eve@example.org"' }, 'to ada@example.org');
    expect(last()).toMatchObject({ reason: 'line\n[e-mail]\\[e-mail] "[e-mail]"', msg: 'to [e-mail]' });
    expect(withoutEmails('at node_modules/@nestjs/core/a.js')).toBe('at node_modules/@nestjs/core/a.js');
  });
});

it('a secret shows itself to nobody', () => {
  const secret = new Secret('k-123');
  expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret)}`).not.toContain('k-123');
  expect(secret.reveal()).toBe('k-123');
});
