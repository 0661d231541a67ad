import { Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { replayDeadLetters } from '#warehouse/landing/replay';
import { versions } from '#warehouse/projection-ledger';
import { projectionStatus } from '#warehouse/projection-status';
import { rebuildProjection, removeOldVersions, rollbackProjection } from '#warehouse/projections';
import { refill } from '#warehouse/verify/refill';
import { verify } from '#warehouse/verify/verify';
import { ANALYTICS_PORTS, type AnalyticsPorts } from './analytics.ports.js';
import { freshnessOf } from './freshness.js';
import { stepByStep } from './step-by-step.js';

const MAX_LETTERS = 1000;

/** What those who run the system need: projections, the comparison of both stores, what could not be landed. */
@ApiTags('admin')
@Controller('v1/admin')
export class AdminController {
  constructor(@Inject(ANALYTICS_PORTS) private readonly ports: AnalyticsPorts) {}

  @Get('projections')
  @ApiOperation({ summary: 'All projections with their state, and how fresh the warehouse is' })
  @ApiQuery({
    name: 'versions',
    required: false,
    enum: ['all'],
    description: 'Every version that was ever begun.',
  })
  async projections(@Query('versions') which: unknown) {
    const { warehouse, projections, landing } = this.ports;
    const all = which === 'all';
    return {
      freshness: await freshnessOf(landing),
      projections: all
        ? (await versions(warehouse)).map(({ name, version, state, reason }) => ({
            name,
            version,
            state,
            reason,
          }))
        : await projectionStatus(warehouse, projections()),
    };
  }

  @Post('projections/:name/rebuild')
  @ApiOperation({
    summary: 'Builds a new version beside the running one and swaps it in; tells its steps, line by line',
  })
  rebuild(@Param('name') name: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { warehouse, projections, landing } = this.ports;
    return stepByStep(reply, async (step) => {
      const { parity, difference, ...built } = await rebuildProjection(
        warehouse,
        projections(),
        name,
        landing,
        {
          onProgress: ({ phase, done, of }) => step(`${name}: ${phase} ${done} of ${of}`),
        },
      );
      return { ...built, rows: parity.rows, parity: parity.equal, difference: difference ?? null };
    });
  }

  @Post('projections/:name/rollback')
  @ApiOperation({ summary: 'Lets the public views read the version before again' })
  rollback(@Param('name') name: string) {
    return rollbackProjection(this.ports.warehouse, name);
  }

  @Post('projections/:name/prune')
  @ApiOperation({ summary: 'Removes the versions that are kept for a rollback' })
  async prune(@Param('name') name: string) {
    return { name, removed: await removeOldVersions(this.ports.warehouse, name) };
  }

  @Post('verify')
  @ApiOperation({ summary: 'Compares the event store with the warehouse and names each difference' })
  @ApiQuery({ name: 'repair', required: false, enum: ['true'], description: 'Lands what is missing.' })
  async verify(@Query('repair') repair: unknown) {
    const { eventStore, warehouse, landing, numbering, log } = this.ports;
    const upTo = landing.landed().position;
    const found = await verify(eventStore, warehouse, { numbering, upTo });
    if (repair !== 'true' || found.agrees) return found;
    const refilled = await refill(eventStore, warehouse, found.differences, {
      numbering,
      projector: landing,
      log,
    });
    return { refilled, ...(await verify(eventStore, warehouse, { numbering, upTo })) };
  }

  @Get('dead-letters')
  @ApiOperation({ summary: 'Events that could not be landed, with the reason' })
  async deadLetters() {
    return {
      deadLetters: await this.ports.warehouse.rows(
        `SELECT partition, offset, reason, refused_at FROM crm.open_dead_letters
         ORDER BY partition, offset LIMIT ${MAX_LETTERS}`,
      ),
    };
  }

  @Post('dead-letters/replay')
  @ApiOperation({ summary: 'Lands the dead letters that can be landed by now' })
  replay() {
    const { warehouse, landing, log } = this.ports;
    return replayDeadLetters(warehouse, landing, log);
  }
}
