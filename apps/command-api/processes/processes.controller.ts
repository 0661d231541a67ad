import { Body, Controller, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { withId } from '../resource-body.js';

/** Commands that begin something which goes on over several streams. */
@Controller('v1')
export class ProcessesController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post('customers/:id/merge')
  @ApiTags('customers')
  @ApiCommand('MergeCustomer', 'From now on this customer is known as another')
  merge(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.commands.run('MergeCustomer', withId(body, 'customerId', id), request, reply);
  }

  @Post('customers/:id/undo-merge')
  @ApiTags('customers')
  @ApiCommand('UndoCustomerMerge', 'This customer is himself or herself again')
  undoMerge(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.commands.run('UndoCustomerMerge', withId(body, 'customerId', id), request, reply);
  }

  @Post('customers/:id/erase')
  @ApiTags('customers')
  @ApiCommand(
    'EraseCustomer',
    'Destroys the keys to all that is personal; nothing more is kept of this customer',
  )
  erase(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.commands.run('EraseCustomer', withId(body, 'customerId', id), request, reply);
  }

  @Post('campaigns/:id/launch')
  @ApiTags('campaigns')
  @ApiCommand('LaunchCampaign', 'Selects the audience and assigns its members to the arms, in the background')
  launch(
    @Param('id') id: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.commands.run('LaunchCampaign', withId(body, 'campaignId', id), request, reply);
  }
}
