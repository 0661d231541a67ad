import { Controller, Inject, Patch, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { CommandName } from '../command-dtos.js';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { type RequestOn, withId } from '../resource-body.js';

@ApiTags('customers')
@Controller('v1/customers')
export class CustomersController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post()
  @ApiCommand('RegisterCustomer', 'Register a lead or customer')
  register(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.commands.run('RegisterCustomer', request.body, request, reply, locationOf);
  }

  @Patch(':id')
  @ApiCommand('ChangeCustomerDetails', 'Change details; what is left out stays, null takes away')
  change(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('ChangeCustomerDetails', request, reply);
  }

  @Post(':id/tag')
  @ApiCommand('TagCustomer', 'Put a tag on a customer')
  tag(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('TagCustomer', request, reply);
  }

  @Post(':id/untag')
  @ApiCommand('UntagCustomer', 'Take a tag off a customer')
  untag(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('UntagCustomer', request, reply);
  }

  @Post(':id/close')
  @ApiCommand('CloseCustomer', 'End the relationship: by whom and why')
  close(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('CloseCustomer', request, reply);
  }

  private run(type: CommandName, request: RequestOn, reply: FastifyReply) {
    return this.commands.run(type, withId(request.body, 'customerId', request.params.id), request, reply);
  }
}

const locationOf = ({ customerId = '' }: Readonly<Record<string, string>>): string =>
  `/v1/customers/${encodeURIComponent(customerId)}`;
