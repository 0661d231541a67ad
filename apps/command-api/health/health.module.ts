import { Controller, type DynamicModule, Get, Inject, Module } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HttpProblem } from '../http/problem.js';

/** One thing that a process needs for its work. */
export interface PartHealth {
  readonly ready: boolean;
  /** What is wrong, for those who run it. */
  readonly reason?: string;
  /** What is wrong although it can do its work. */
  readonly degraded?: string;
}

/** Looks at a part; one that does not answer in time, or fails, is not ready. */
export type PartCheck = () => PartHealth | Promise<PartHealth>;

export type HealthPorts = Readonly<Record<string, PartCheck>>;

const HEALTH_PORTS = Symbol('HealthPorts');
/** Orchestrators ask every few seconds and give up soon. */
const ANSWER_WITHIN_MS = 2_000;

@ApiTags('health')
@Controller('health')
class HealthController {
  constructor(@Inject(HEALTH_PORTS) private readonly parts: HealthPorts) {}

  @Get('live')
  @ApiOperation({ summary: 'Whether the process runs' })
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether it can do its work' })
  async ready(): Promise<{ status: 'ready'; degraded?: readonly string[] }> {
    const checked = await Promise.all(
      Object.entries(this.parts).map(async ([name, check]) => ({ name, ...(await healthOf(check)) })),
    );
    const wanting = checked.filter(({ ready }) => !ready);
    if (wanting.length > 0)
      throw new HttpProblem(
        503,
        'not-ready',
        wanting.map(({ name, reason = 'is not ready' }) => `${name}: ${reason}`).join('; '),
      );
    const degraded = checked.flatMap(({ name, degraded }) => (degraded ? [`${name}: ${degraded}`] : []));
    return { status: 'ready', ...(degraded.length > 0 && { degraded }) };
  }
}

const healthOf = async (check: PartCheck): Promise<PartHealth> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<PartHealth>((resolve) => {
    timer = setTimeout(() => resolve({ ready: false, reason: 'does not answer' }), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return { ready: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
};

@Module({})
class HealthModule {}

/** @param parts what the process needs, by the name under which it is told */
export const healthModule = (parts: HealthPorts): DynamicModule => ({
  module: HealthModule,
  controllers: [HealthController],
  providers: [{ provide: HEALTH_PORTS, useValue: parts }],
});
