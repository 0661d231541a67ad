import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EventStoreUnavailable } from '#eventing/event-store';
import { type CommandSide, openCommandSide } from '#test/support/command-side';
import { BulkRun } from './bulk-run.js';

describe('a batch while a store is away', () => {
  let side: CommandSide;
  let stopping: AbortController;
  beforeEach(() => {
    stopping = new AbortController();
  });
  beforeAll(async () => {
    side = await openCommandSide();
  });
  afterAll(() => side.close());

  /** Carries out all commands but those named, and answers the status or the code of the problem of each. */
  const send = async (
    commands: readonly { id: string; type: string; data: object }[],
    open: readonly string[],
  ) => {
    const run = new BulkRun(
      side.pipeline,
      (prepared) =>
        open.includes(prepared.command.metadata.commandId)
          ? Promise.reject(new EventStoreUnavailable('away'))
          : side.pipeline.run(prepared),
      {
        sender: { commandId: '', actor: 'test', correlationId: 'test' },
        lineLimit: 10_000,
        dryRun: false,
        stopping: stopping.signal,
        onFault: () => {},
      },
    );
    const answers = await text(
      run.answers(Readable.from([Buffer.from(commands.map((one) => `${JSON.stringify(one)}\n`).join(''))])),
    );
    return answers
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { status: string; problem?: { status: number; code: string } })
      .map(({ status, problem }) => (problem ? `${problem.status} ${problem.code}` : status));
  };

  const register = (customerId: string, run: string) => ({
    type: 'RegisterCustomer',
    id: `register-${customerId}-${run}`,
    data: { customerId, stage: 'customer', name: 'Somebody' },
  });
  const tag = (customerId: string, run: string) => ({
    type: 'TagCustomer',
    id: `tag-${customerId}-${run}`,
    data: { customerId, tag: 'seen' },
  });

  it('does not try what comes behind a command that is open, of the same customer', async () => {
    const commands = [register('ada', '1'), register('bob', '1'), tag('ada', '1'), tag('bob', '1')];
    expect(await send(commands, ['register-ada-1'])).toEqual([
      '503 event-store-unavailable',
      'accepted',
      '503 earlier-command-open',
      'accepted',
    ]);
    expect(await send(commands, [])).toEqual(['accepted', 'repeated', 'accepted', 'repeated']);
  });

  it('does not try what concerns several customers while one of them has something open', async () => {
    const merge = {
      type: 'MergeCustomer',
      id: 'merge',
      data: { customerId: 'eve', into: 'dan', reason: 'duplicate' },
    };
    const commands = [register('dan', '2'), register('eve', '2'), merge, tag('dan', '2')];
    expect(await send(commands, ['register-eve-2'])).toEqual([
      'accepted',
      '503 event-store-unavailable',
      '503 earlier-command-open',
      '503 earlier-command-open',
    ]);
    expect(await send(commands, [])).toEqual(['repeated', 'accepted', 'accepted', 'accepted']);
  });

  it('does not begin what had not begun when the process is to end', async () => {
    stopping.abort();
    expect(await send([register('gil', '4'), tag('gil', '4')], [])).toEqual([
      '503 shutting-down',
      '503 shutting-down',
    ]);
  });

  it('goes on behind a command that is refused', async () => {
    const commands = [tag('nobody', '3'), register('nobody', '3')];
    expect(await send(commands, [])).toEqual(['404 customer-unknown', 'accepted']);
  });
});
