import { Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { PerennialError } from '#eventing/errors';
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
  rebuild(@Param('name') name: string, @Res() reply: FastifyReply) {
    const { warehouse, projections, landing } = this.ports;
    stepByStep(reply, async (step, signal) => {
      const { parity, difference, ...built } = await rebuildProjection(
        warehouse,
        projections(),
        name,
        landing,
        {
          signal,
          onProgress: ({ phase, done, of }) => step(`${name}: ${phase} ${done} of ${of}`),
        },
      );
      return { ...built, rows: parity.rows, parity: parity.equal, difference: difference ?? null };
    });
  }

  @Post('projections/:name/rollback')
  @ApiOperation({ summary: 'Lets the public views read the version before again' })
  rollback(@Param('name') name: string) {
    return rollbackProjection(this.ports.warehouse, name, this.ports.landing);
  }

  @Post('projections/:name/prune')
  @ApiOperation({ summary: 'Removes the versions that are kept for a rollback' })
  async prune(@Param('name') name: string) {
    return { name, removed: await removeOldVersions(this.ports.warehouse, name, this.ports.landing) };
  }

  @Post('verify')
  @ApiOperation({
    summary:
      'Compares the event store with the topic and the warehouse and names each difference; tells its steps, line by line',
  })
  @ApiQuery({ name: 'repair', required: false, enum: ['true'], description: 'Lands what is missing.' })
  verify(@Query('repair') repair: unknown, @Res() reply: FastifyReply) {
    const { eventStore, warehouse, landing, places } = this.ports;
    stepByStep(reply, async (step) => {
      const upTo = landing.landed().position;
      const onProgress = (events: number) =>
        step(`${events} events compared; it goes up to position ${upTo}`);
      const found = await verify(eventStore, warehouse, { places, upTo, onProgress });
      const missing = found.differences.filter((each) => each.in === 'warehouse' && each.kind === 'missing');
      if (repair !== 'true' || missing.length === 0) return found;
      const { refilled } = await this.refillFrom(missing[0]!.first, upTo, step);
      return { refilled, ...(await verify(eventStore, warehouse, { places, upTo, onProgress })) };
    });
  }

  @Post('refill')
  @ApiOperation({
    summary:
      'Lands what the warehouse lacks from the event store, each event exactly once; tells its steps, line by line',
  })
  @ApiQuery({
    name: 'fromPosition',
    required: true,
    description: 'What is missing is looked for from here on.',
  })
  @ApiQuery({
    name: 'toPosition',
    required: false,
    description: 'And up to here; default: all that has landed.',
  })
  refill(@Query('fromPosition') from: unknown, @Query('toPosition') to: unknown, @Res() reply: FastifyReply) {
    const first = positionOf('fromPosition', from);
    const last = to === undefined ? undefined : positionOf('toPosition', to);
    if (last !== undefined && last < first)
      throw new PerennialError(
        'invalid',
        'position-invalid',
        `toPosition ${last} is before fromPosition ${first}.`,
      );
    stepByStep(reply, (step) => this.refillFrom(first, last, step));
  }

  private refillFrom(from: number, to: number | undefined, onStep: (step: string) => void) {
    const { eventStore, warehouse, landing, places, log } = this.ports;
    return refill(eventStore, warehouse, {
      places,
      projector: landing,
      log,
      from,
      to,
      landedPosition: () => landing.landed().position,
      onStep,
    });
  }

  @Get('dead-letters')
  @ApiOperation({
    summary: 'Events that could not be landed, with the reason and the command that lands them',
  })
  async deadLetters() {
    return {
      deadLetters: await this.ports.warehouse.rows(
        `SELECT partition, offset, key, headers, reason, refused_at, replay FROM crm.open_dead_letters
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

const positionOf = (name: string, value: unknown): number => {
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw new PerennialError('invalid', 'position-invalid', `${name} must be a position: 0, 1, 2, ...`);
};
