import { Controller, type DynamicModule, Inject, Module, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { stepByStep } from '#apps/analytics/step-by-step';
import { invalid } from '#eventing/errors';
import { type BackupPorts, Backups } from './backups.js';

/** Backups of a running server, which alone may touch its data directory. */
@ApiTags('admin')
@Controller('v1/admin/backups')
export class BackupController {
  constructor(@Inject(Backups) private readonly backups: Backups) {}

  @Post(':name')
  @ApiOperation({
    summary: "Writes a backup below the server's backup directory; tells its steps, line by line",
  })
  @ApiQuery({
    name: 'of',
    required: false,
    enum: ['data', 'vault'],
    description: 'The events and what goes with them (as a rule), or the key vault.',
  })
  make(@Param('name') name: string, @Query('of') of: unknown, @Res() reply: FastifyReply) {
    if (of !== undefined && of !== 'data' && of !== 'vault')
      throw invalid('validation-failed', 'There is no such backup.', [
        { path: 'of', reason: 'is data or vault' },
      ]);
    stepByStep(reply, (step) => this.backups.make(of ?? 'data', name, step));
  }
}

@Module({})
class BackupModule {}

export const backupModule = (ports: BackupPorts): DynamicModule => ({
  module: BackupModule,
  controllers: [BackupController],
  providers: [{ provide: Backups, useFactory: () => new Backups(ports) }],
});
