import { Body, Controller, Inject, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { checkerOf } from '#apps/command-api/validation/checker';
import { type FieldProblem, invalid } from '#eventing/errors';
import { ANALYTICS_PORTS, type AnalyticsPorts } from './analytics.ports.js';
import { ModelRunDto } from './model-run.dto.js';
import { runModel } from './model-run.js';

/** After this time a run goes on with what has landed: its `knownAt` says how much that is. */
const LANDING_MS = 60_000;

@ApiTags('models')
@Controller('v1/model-runs')
export class ModelRunsController {
  constructor(@Inject(ANALYTICS_PORTS) private readonly ports: AnalyticsPorts) {}

  @Post()
  @ApiOperation({ summary: 'Computes customer lifetime value or churn risk and publishes the scores' })
  async run(@Body() body: ModelRunDto, @Req() request: FastifyRequest) {
    const problems: FieldProblem[] = [];
    checkerOf(ModelRunDto)(body, '', problems);
    if (problems.length > 0) throw invalid('validation-failed', 'The request is not valid.', problems);
    const { eventStore, landing } = this.ports;
    // Whoever has just sent facts means them, too: a run on a part of them would look like any other.
    await landing.waitFor(await eventStore.head(), LANDING_MS);
    return runModel(this.ports.modelRuns, body, request.caller?.actor ?? 'anonymous');
  }
}
