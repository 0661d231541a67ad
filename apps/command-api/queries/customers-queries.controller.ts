import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { invalid } from '#eventing/errors';
import { COMMAND_PORTS, type CommandPorts } from '../command-api.ports.js';
import type { FoundCustomer } from './customer-reader.js';

const MAX_PAGE = 1000;
const MAX_VALUE = 320;

@ApiTags('customers')
@Controller('v1/customers')
export class CustomersQueriesController {
  constructor(@Inject(COMMAND_PORTS) private readonly ports: CommandPorts) {}

  @Get()
  @ApiOperation({ summary: 'Finds customers by e-mail address or telephone number' })
  @ApiQuery({ name: 'email', required: false })
  @ApiQuery({ name: 'phone', required: false })
  async find(@Query() query: Readonly<Record<string, unknown>>): Promise<{ customers: FoundCustomer[] }> {
    const { email, phone } = query;
    const [kind, value] = email === undefined ? (['phone', phone] as const) : (['email', email] as const);
    const both = email !== undefined && phone !== undefined;
    if (both || typeof value !== 'string' || value === '' || value.length > MAX_VALUE)
      throw invalid('invalid-query', 'Ask for one e-mail address or one telephone number.', [
        { path: 'email', reason: 'or phone must be given, once' },
      ]);
    return { customers: await this.ports.customers.find(kind, value) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'A customer as he or she is now' })
  async read(
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FoundCustomer> {
    const found = await this.ports.customers.read(id);
    if (found.revision >= 0) reply.header('etag', `"${found.revision}"`);
    return found;
  }

  @Get(':id/timeline')
  @ApiOperation({ summary: 'What happened with a customer, newest first, page by page' })
  @ApiQuery({ name: 'limit', required: false, description: `1 to ${MAX_PAGE}; default 50.` })
  @ApiQuery({ name: 'before', required: false, description: 'The `next` of the page before.' })
  timeline(@Param('id') id: string, @Query() query: Readonly<Record<string, unknown>>) {
    const limit = whole(query, 'limit', 1, MAX_PAGE) ?? 50;
    const before = whole(query, 'before', 0, Number.MAX_SAFE_INTEGER) ?? Number.MAX_SAFE_INTEGER;
    return this.ports.customers.timeline(id, before, limit);
  }

  @Get(':id/export')
  @ApiOperation({ summary: 'All that is stored of a person, readable: one event a line, newest first' })
  async export(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const events = this.ports.customers.export(id);
    // The first one is fetched before the status is sent: a customer who is not known is a 404.
    const first = await events.next();
    const lines = async function* () {
      if (!first.done) yield `${JSON.stringify(first.value)}\n`;
      for await (const event of events) yield `${JSON.stringify(event)}\n`;
    };
    void reply
      .code(200)
      .type('application/x-ndjson; charset=utf-8')
      .header('content-disposition', 'attachment; filename="customer.ndjson"')
      .send(Readable.from(lines()));
  }
}

const whole = (
  query: Readonly<Record<string, unknown>>,
  name: string,
  min: number,
  max: number,
): number | undefined => {
  const text = query[name];
  if (text === undefined) return undefined;
  const value = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const reason = `must be a whole number from ${min} to ${max}`;
  throw invalid('invalid-query', 'The query is not valid.', [{ path: name, reason }]);
};
