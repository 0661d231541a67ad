import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { type RequestOn, withId } from '../resource-body.js';

/** Goods that came back without proof of purchase; those of an order are below the order. */
@ApiTags('purchases')
@Controller('v1/returns')
export class ReturnsController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post()
  @ApiCommand('RecordReturn', 'Record a return without an order')
  record(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.commands.run('RecordReturn', request.body, request, reply);
  }

  @Post(':returnId/void')
  @ApiCommand('VoidReturn', 'This return without an order is not to be counted')
  void(@Req() request: RequestOn<'returnId'>, @Res({ passthrough: true }) reply: FastifyReply) {
    const body = withId(request.body, 'returnId', request.params.returnId);
    return this.commands.run('VoidReturn', body, request, reply);
  }
}
