import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CommandServer, startCommandServer } from '#test/support/command-server';
import type { SimulatedCommand } from './journal.js';
import { type PlayOptions, play, type Request, UnexpectedAnswers } from './player.js';

/** So many that an answer comes in several chunks and is remembered in several steps. */
const CUSTOMERS = 600;

const registrations = (run: string): SimulatedCommand[] =>
  Array.from({ length: CUSTOMERS }, (_, i) => ({
    type: 'RegisterCustomer',
    at: 0,
    data: { customerId: `${run}-${i}`, stage: 'customer', name: 'Somebody', occurredAt: '2024-01-01' },
  }));

describe('the player', () => {
  let server: CommandServer;
  beforeAll(async () => {
    server = await startCommandServer();
  });
  afterAll(() => server.close());

  const straight: Request = (path, init) => fetch(`${server.url}${path}`, init);

  /** Each request is disturbed by the next in the list, those after the last one by nobody. */
  const disturbedBy = (
    ...disturbances: ((path: string, init?: RequestInit) => Promise<Response>)[]
  ): Request => {
    const next = disturbances[Symbol.iterator]();
    return (path, init) => (next.next().value ?? straight)(path, init);
  };
  const away: Request = () => fetch('http://127.0.0.1:1');
  const draining: Request = async () => problem(503, 'This server is shutting down. Send it again.');
  /** The server has done it all, but is killed while it answers. */
  const cutOff: Request = async (path, init) => {
    const response = await straight(path, init);
    const text = await response.text();
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text.slice(0, text.length / 2)));
        },
        pull(controller) {
          controller.error(new TypeError('terminated'));
        },
      }),
    );
  };

  const played = async (
    request: Request,
    commands: readonly SimulatedCommand[],
    options: Partial<PlayOptions> = {},
  ): Promise<{ steps: number[]; waits: string[] }> => {
    const steps: number[] = [];
    const waits: string[] = [];
    await play(request, commands, {
      played: 0,
      acknowledged: (done) => steps.push(done),
      waiting: (reason) => waits.push(reason),
      ...options,
    });
    return { steps, waits };
  };

  const registered = async (run: string): Promise<number> => {
    let found = 0;
    for await (const { stream, type } of server.eventStore.readAll())
      if (type === 'CustomerRegistered' && stream.startsWith(`customer-${run}-`)) found += 1;
    return found;
  };

  it('remembers every few commands how far it is', async () => {
    expect(await played(straight, registrations('calm'))).toEqual({
      steps: [250, 500, 600],
      waits: [],
    });
    expect(await registered('calm')).toBe(CUSTOMERS);
  });

  it('goes on with a server that was killed and started again, and says once that it waits', async () => {
    const { steps, waits } = await played(disturbedBy(cutOff, away, draining, away), registrations('killed'));
    expect(waits).toEqual(['terminated']);
    expect(steps.at(-1)).toBe(CUSTOMERS);
    expect(await registered('killed')).toBe(CUSTOMERS);
  });

  it('sends those again that were not tried', async () => {
    const shutDownHalfWay: Request = async (path, init) => {
      const lines = String(init?.body).split('\n');
      const half = await straight(path, { ...init, body: lines.slice(0, CUSTOMERS / 2).join('\n') });
      const refused = JSON.stringify({ status: 'rejected', problem: { status: 503, detail: 'shuts down' } });
      return new Response(`${await half.text()}${`${refused}\n`.repeat(CUSTOMERS / 2)}`);
    };
    const { waits } = await played(disturbedBy(shutDownHalfWay), registrations('drained'));
    expect(waits).toEqual(['shuts down']);
    expect(await registered('drained')).toBe(CUSTOMERS);
  });

  it('gives up when nothing goes on for too long, with the reason', async () => {
    await expect(played(draining, registrations('never'), { patienceMs: 300 })).rejects.toThrow(
      /^Nothing went on for \d+ s: .* 503: This server is shutting down/,
    );
  });

  it('does not repeat what is refused as a whole', async () => {
    const stranger: Request = async () => problem(401, 'Say who you are.');
    await expect(played(stranger, registrations('stranger'))).rejects.toThrow(/401: Say who you are/);
  });

  it('ends at an answer that nobody expected, and takes nothing behind it for played', async () => {
    const commands = registrations('odd');
    const unknown = {
      type: 'TagCustomer',
      at: 0,
      data: { customerId: 'nobody', tag: 'seen', occurredAt: '2024-01-01' },
    };
    commands.splice(400, 0, unknown as SimulatedCommand);
    const steps: number[] = [];
    await expect(played(straight, commands, { acknowledged: (done) => steps.push(done) })).rejects.toThrow(
      UnexpectedAnswers,
    );
    expect(steps).toEqual([250]);
  });

  it('asks again for the end of a launch when the server goes away meanwhile', async () => {
    const launch = { ...registrations('launch')[0], alone: true, launch: 'members' } as SimulatedCommand;
    const phase =
      (name: string): Request =>
      async () =>
        Response.json({ launching: { phase: name } });
    const { steps, waits } = await played(
      disturbedBy(straight, phase('drawing'), away, draining, phase('frozen')),
      [launch],
    );
    expect(waits).toHaveLength(1);
    expect(steps).toEqual([1]);
  });
});

const problem = (status: number, detail: string): Response => Response.json({ status, detail }, { status });
