import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { type RequestOn, withId } from '../resource-body.js';

@ApiTags('service failures')
@Controller('v1/service-failures')
export class ServiceFailuresController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post()
  @ApiCommand('RecordServiceFailure', 'Record that something went wrong, whether or not anyone complains')
  record(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.commands.run('RecordServiceFailure', request.body, request, reply);
  }

  @Post(':id/void')
  @ApiCommand('VoidServiceFailure', 'This failure is not to be counted')
  void(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    const body = withId(request.body, 'serviceFailureId', request.params.id);
    return this.commands.run('VoidServiceFailure', body, request, reply);
  }
}
