import { Controller, type DynamicModule, Get, Inject, Module } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HttpProblem } from '../http/problem.js';

export interface HealthPorts {
  /** Whether this process can do its work. */
  isReady(): boolean;
}

const HEALTH_PORTS = Symbol('HealthPorts');

@ApiTags('health')
@Controller('health')
class HealthController {
  constructor(@Inject(HEALTH_PORTS) private readonly ports: HealthPorts) {}

  @Get('live')
  @ApiOperation({ summary: 'Whether the process runs' })
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether it can do its work' })
  ready(): { status: 'ready' } {
    if (!this.ports.isReady())
      throw new HttpProblem(503, 'not-ready', 'Events are not being landed; see the log.');
    return { status: 'ready' };
  }
}

@Module({})
class HealthModule {}

export const healthModule = (ports: HealthPorts): DynamicModule => ({
  module: HealthModule,
  controllers: [HealthController],
  providers: [{ provide: HEALTH_PORTS, useValue: ports }],
});
