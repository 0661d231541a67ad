import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { addDays, today } from '#eventing/business-time';
import { type FieldProblem, invalid } from '#eventing/errors';
import { contentTypeOf } from '#warehouse/read-only';
import { ANALYTICS_PORTS, type AnalyticsPorts } from './analytics.ports.js';
import { campaignReport } from './campaign-report.js';
import { freshnessOf } from './freshness.js';
import { MAX_PAGE, type PageRequest, reportCsv, reportPage } from './reports.js';

type QueryText = Readonly<Record<string, string | string[] | undefined>>;

@ApiTags('reports')
@Controller('v1/reports')
export class ReportsController {
  constructor(@Inject(ANALYTICS_PORTS) private readonly ports: AnalyticsPorts) {}

  @Get('campaigns/:id')
  @ApiOperation({ summary: 'What a campaign caused, by assigned arm' })
  @ApiQuery({ name: 'asOf', required: false, description: 'Business date; default: today.' })
  @ApiQuery({ name: 'knownAt', required: false, description: 'Position; default: all that has landed.' })
  async campaign(@Param('id') id: string, @Query() query: QueryText) {
    const { configuration, landing, warehouse } = this.ports;
    const date = today(configuration.businessZone, Date.now());
    const { position } = landing.landed();
    const problems: FieldProblem[] = [];
    const asOf = dateIn(query, 'asOf', problems) ?? date;
    const knownAt = wholeIn(query, 'knownAt', 0, Math.max(0, position), problems) ?? position;
    if (asOf > addDays(date, 0)) problems.push({ path: 'asOf', reason: 'must not lie in the future' });
    refuse(problems);
    const freshness = await freshnessOf(landing);
    return { freshness, ...(await campaignReport(warehouse, id, { asOf, knownAt })) };
  }

  @Get(':name')
  @ApiOperation({ summary: 'customers, clv or churn, page by page, as JSON or CSV' })
  @ApiQuery({ name: 'limit', required: false, description: `1 to ${MAX_PAGE}; default 100.` })
  @ApiQuery({ name: 'offset', required: false })
  @ApiQuery({ name: 'sort', required: false, description: 'A column, with - in front for downwards.' })
  @ApiQuery({ name: 'format', required: false, enum: ['json', 'csv'] })
  async list(
    @Param('name') name: string,
    @Query() query: QueryText,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const problems: FieldProblem[] = [];
    const page: PageRequest = {
      limit: wholeIn(query, 'limit', 1, MAX_PAGE, problems) ?? 100,
      offset: wholeIn(query, 'offset', 0, 1e9, problems) ?? 0,
      sort: textIn(query, 'sort', problems),
    };
    const format = textIn(query, 'format', problems) ?? 'json';
    if (format !== 'json' && format !== 'csv')
      problems.push({ path: 'format', reason: 'must be json or csv' });
    refuse(problems);
    const freshness = await freshnessOf(this.ports.landing);
    if (format === 'csv') {
      const { body } = await reportCsv(this.ports.readOnly, name, page);
      reply.header('x-perennial-position', String(freshness.position));
      reply.type(contentTypeOf('CSV'));
      return reply.send(body);
    }
    return { freshness, ...page, ...(await reportPage(this.ports.readOnly, name, page)) };
  }
}

const refuse = (problems: readonly FieldProblem[]): void => {
  if (problems.length > 0) throw invalid('invalid-query', 'The query is not valid.', problems);
};

const textIn = (query: QueryText, name: string, problems: FieldProblem[]): string | undefined => {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  problems.push({ path: name, reason: 'must be given once' });
  return undefined;
};

const wholeIn = (
  query: QueryText,
  name: string,
  min: number,
  max: number,
  problems: FieldProblem[],
): number | undefined => {
  const text = textIn(query, name, problems);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  problems.push({ path: name, reason: `must be a whole number from ${min} to ${max}` });
  return undefined;
};

const dateIn = (query: QueryText, name: string, problems: FieldProblem[]): string | undefined => {
  const text = textIn(query, name, problems);
  if (text === undefined) return undefined;
  const valid = /^\d{4}-\d{2}-\d{2}$/.test(text) && addDays(text, 0) === text && text >= '1900';
  if (valid) return text;
  problems.push({ path: name, reason: 'must be a date like 2024-05-01' });
  return undefined;
};
