import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { type RequestOn, withId } from '../resource-body.js';

@ApiTags('interactions')
@Controller('v1/interactions')
export class InteractionsController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post()
  @ApiCommand('RecordInteraction', 'Record a contact with a customer or visitor')
  record(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.commands.run('RecordInteraction', request.body, request, reply);
  }

  @Post(':id/void')
  @ApiCommand('VoidInteraction', 'This contact is not to be counted')
  void(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    const body = withId(request.body, 'interactionId', request.params.id);
    return this.commands.run('VoidInteraction', body, request, reply);
  }
}
