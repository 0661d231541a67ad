import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import fc from 'fast-check';
import type { CommandName } from '#apps/command-api/command-dtos';
import { commandExamples } from '#apps/command-api/command-examples';
import { COMMAND_EXTENSION } from '#apps/command-api/documentation/api-command';
import { type BadRequest, badLines, badRequests, type Operation } from '#test/support/bad-requests';
import { type CommandServer, startCommandServer } from '#test/support/command-server';

const SEED = 19_970_930;
const REQUESTS = 24_000;
const REFUSED = 20_000;
const AT_ONCE = 32;
const BATCHES = 20;
const LINES = 200;

interface Answer {
  /** 0: the server closed the connection, as it may on a body that is too large. */
  readonly status: number;
  readonly type: string;
  readonly correlationId: string | undefined;
  readonly body: string;
}

describe('bad requests', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let server: CommandServer;
  let operations: Route[];

  beforeAll(async () => {
    server = await startCommandServer();
    operations = operationsOf(
      SwaggerModule.createDocument(server.application, new DocumentBuilder().build()),
    );
    // Something to be wrong about: without it most would end at 'not found'.
    for (const type of ['RegisterCustomer', 'RecordPurchase', 'OpenComplaint', 'PlanCampaign'] as const) {
      const { template } = operations.find(({ command }) => command === type) as Route;
      expect((await server.send('POST', template, commandExamples[type])).status).toBe(201);
    }
  });
  afterAll(async () => {
    agent.destroy();
    await server.close();
  });

  const send = ({ method, path, headers, body }: BadRequest): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(`${server.url}/`, { agent, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode as number,
            type: response.headers['content-type'] ?? '',
            correlationId: response.headers['x-correlation-id'] as string | undefined,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
        response.on('error', reject);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') return reject(error);
        resolve({ status: 0, type: '', correlationId: undefined, body: '' });
      });
      request.end(body);
    });

  /** Sends all, some at a time, and tells of each how it was answered. */
  const sendAll = async (
    requests: readonly BadRequest[],
    see: (request: BadRequest, answer: Answer) => void,
  ) => {
    let next = 0;
    const sender = async (): Promise<void> => {
      while (next < requests.length) {
        const request = requests[next++] as BadRequest;
        see(request, await send(request));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
  };

  it(`${REFUSED} of them are refused as such, on every route (seed ${SEED})`, async () => {
    const accepted = new Set<string | undefined>();
    const wrong: { request: BadRequest; answer: Answer; problem: string }[] = [];
    const statuses: Record<number, number> = {};
    const before = await server.eventStore.head();
    await sendAll(
      fc.sample(badRequests(operations), { seed: SEED, numRuns: REQUESTS }),
      (request, answer) => {
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        if (answer.status < 400) accepted.add(answer.correlationId);
        const problem = answer.status >= 400 ? problemIn(request, answer) : undefined;
        if (problem) wrong.push({ request, answer, problem });
      },
    );
    expect(wrong.slice(0, 5).map(readable)).toEqual([]);
    const refused = Object.entries(statuses).reduce(
      (sum, [status, n]) => sum + (Number(status) >= 400 ? n : 0),
      0,
    );
    expect(refused).toBeGreaterThanOrEqual(REFUSED);
    for await (const { type, metadata } of server.eventStore.readAll({ after: before }))
      expect({ type, wasAccepted: accepted.has(metadata.correlationId) }).toEqual({
        type,
        wasAccepted: true,
      });
  }, 180_000);

  it(`harm no other line of a batch (seed ${SEED})`, async () => {
    const accepted = new Set<string | undefined>();
    const before = await server.eventStore.head();
    let refused = 0;
    for (let batch = 0; batch < BATCHES; batch++) {
      const lines = fc.sample(badLines(harmless), { seed: SEED + batch, numRuns: LINES });
      const body = Buffer.concat(lines.flatMap(({ text }) => [text, Buffer.from('\n')]));
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await send({ method: 'POST', path: '/v1/commands', headers, body });
      expect(answer.status).toBe(200);
      const answers = answer.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as LineAnswer);
      expect(answers).toHaveLength(LINES);
      answers.forEach(({ id, status, problem }, i) => {
        if (status !== 'rejected') accepted.add(id);
        else refused += 1;
        const sent = lines[i]?.text.toString('latin1').slice(0, 500);
        if (status === 'rejected' && (problem === undefined || problem.status >= 500))
          throw new Error(`${sent} was answered with ${JSON.stringify(problem)}`);
        if (lines[i]?.id !== undefined && status !== 'rejected') expect(id).toBe(lines[i].id);
      });
    }
    expect(refused).toBeGreaterThan((BATCHES * LINES) / 2);
    for await (const { type, metadata } of server.eventStore.readAll({ after: before }))
      expect({ type, wasAccepted: accepted.has(metadata.commandId) }).toEqual({ type, wasAccepted: true });
  }, 60_000);
});

interface LineAnswer {
  readonly id: string;
  readonly status: string;
  readonly problem?: { readonly status: number };
}

/** Whoever is erased by an accident of the generator would refuse all that follows. */
const { EraseCustomer: _erase, MergeCustomer: _merge, ...harmless } = commandExamples;

interface Route extends Operation {
  readonly command?: CommandName;
}

type ApiDocument = ReturnType<typeof SwaggerModule.createDocument>;

const operationsOf = ({ paths }: ApiDocument): Route[] =>
  Object.entries(paths).flatMap(([template, item]) =>
    Object.entries(item as Record<string, Record<string, unknown>>).map(([method, operation]) => {
      const command = operation[COMMAND_EXTENSION] as CommandName | undefined;
      return { method: method.toUpperCase(), template, command, example: command && exampleOf(command) };
    }),
  );

/** Others must not lose the customer of the examples. */
const exampleOf = (command: CommandName) =>
  command === 'EraseCustomer' || command === 'MergeCustomer'
    ? { ...commandExamples[command], customerId: 'c-1666' }
    : commandExamples[command];

/** What is wrong with a refusal; undefined when it is as it should be. */
const problemIn = ({ method }: BadRequest, { status, type, body }: Answer): string | undefined => {
  if (status >= 500) return 'our own fault';
  if (method === 'HEAD') return undefined;
  if (!type.startsWith('application/problem+json')) return 'no problem details';
  const problem = JSON.parse(body) as Record<string, unknown>;
  if (problem.status !== status || typeof problem.code !== 'string' || typeof problem.detail !== 'string')
    return 'incomplete problem details';
  if (status === 422 && !Array.isArray(problem.errors)) return 'no field is named';
  return undefined;
};

const readable = ({
  request,
  answer,
  problem,
}: {
  request: BadRequest;
  answer: Answer;
  problem: string;
}) => ({
  problem,
  request: `${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers).slice(0, 200)}`,
  sent: request.body?.toString('latin1').slice(0, 500),
  status: answer.status,
  answered: answer.body.slice(0, 500),
});
