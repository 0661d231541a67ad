import { Body, Controller, Get, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiConsumes, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { invalid, PerennialError } from '#eventing/errors';
import { contentTypeOf } from '#warehouse/read-only';
import { ANALYTICS_PORTS, type AnalyticsPorts } from './analytics.ports.js';

const DEFAULT_FORMAT = 'TabSeparatedWithNames';
/** `param_name=value` binds `{name:Type}` in the query, as on ClickHouse's own interface. */
const PARAMETER = /^param_(\w{1,60})$/;

@ApiTags('sql')
@Controller('v1/sql')
export class SqlController {
  constructor(@Inject(ANALYTICS_PORTS) private readonly ports: AnalyticsPorts) {}

  @Get()
  @ApiOperation({ summary: 'One read-only query' })
  @ApiQuery({ name: 'query', description: 'SQL on the views described in the data dictionary.' })
  @ApiQuery({ name: 'default_format', required: false, description: 'Used where the query names no format.' })
  get(@Query() query: Record<string, string>, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.answer(query.query, query, reply);
  }

  @Post()
  @ApiConsumes('text/plain')
  @ApiOperation({ summary: 'One read-only query, in the body' })
  @ApiQuery({ name: 'default_format', required: false, description: 'Used where the query names no format.' })
  post(
    @Body() body: unknown,
    @Query() query: Record<string, string>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    reply.code(200);
    return this.answer(body, query, reply);
  }

  private async answer(sql: unknown, query: Record<string, string>, reply: FastifyReply) {
    if (typeof sql !== 'string' || sql.trim() === '')
      throw invalid('sql-invalid', 'The query is missing: send it as text/plain.');
    const params = Object.fromEntries(
      Object.entries(query).flatMap(([name, value]) => {
        const bound = PARAMETER.exec(name)?.[1];
        return bound ? [[bound, value]] : [];
      }),
    );
    try {
      const { body, format } = await this.ports.readOnly.query(
        sql,
        query.default_format ?? DEFAULT_FORMAT,
        params,
      );
      reply.type(contentTypeOf(format));
      return reply.send(body);
    } catch (error) {
      if (error instanceof PerennialError || !isRefusal(error)) throw error;
      throw invalid('sql-failed', (error as Error).message);
    }
  }
}

/** What the engine says of a query is for whoever wrote it; anything else is our own fault. */
const isRefusal = (error: unknown): boolean =>
  /^\d+$/.test(String((error as { code?: unknown } | null)?.code));
