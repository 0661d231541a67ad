import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { type RequestOn, withId } from '../resource-body.js';

@ApiTags('purchases')
@Controller('v1/purchases')
export class PurchasesController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post()
  @ApiCommand('RecordPurchase', 'Record what was bought, renewed, tried or replaced')
  record(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.commands.run('RecordPurchase', request.body, request, reply);
  }

  @Post(':orderId/void')
  @ApiCommand('VoidPurchase', 'This purchase is not to be counted')
  void(@Req() request: RequestOn<'orderId'>, @Res({ passthrough: true }) reply: FastifyReply) {
    const body = withId(request.body, 'orderId', request.params.orderId);
    return this.commands.run('VoidPurchase', body, request, reply);
  }

  @Post(':orderId/returns')
  @ApiCommand('RecordReturn', 'Record that goods came back, all or some, and what was paid back')
  recordReturn(@Req() request: RequestOn<'orderId'>, @Res({ passthrough: true }) reply: FastifyReply) {
    const body = withId(request.body, 'orderId', request.params.orderId);
    return this.commands.run('RecordReturn', body, request, reply);
  }

  @Post(':orderId/returns/:returnId/void')
  @ApiCommand('VoidReturn', 'This return is not to be counted')
  voidReturn(
    @Req() request: RequestOn<'orderId' | 'returnId'>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { orderId, returnId } = request.params;
    const body = withId(withId(request.body, 'orderId', orderId), 'returnId', returnId);
    return this.commands.run('VoidReturn', body, request, reply);
  }
}
