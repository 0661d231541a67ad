import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { CommandName } from '../command-dtos.js';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { type RequestOn, withId } from '../resource-body.js';

@ApiTags('complaints')
@Controller('v1/complaints')
export class ComplaintsController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post()
  @ApiCommand('OpenComplaint', 'Somebody complained')
  open(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.commands.run('OpenComplaint', request.body, request, reply, locationOf);
  }

  @Post(':id/acknowledge')
  @ApiCommand('AcknowledgeComplaint', 'The customer was told that the complaint has arrived')
  acknowledge(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('AcknowledgeComplaint', request, reply);
  }

  @Post(':id/assign')
  @ApiCommand('AssignComplaint', 'Give a complaint to a unit or an employee')
  assign(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('AssignComplaint', request, reply);
  }

  @Post(':id/send-on')
  @ApiCommand('SendComplaintOn', 'Pass a complaint on to another company or authority')
  sendOn(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('SendComplaintOn', request, reply);
  }

  @Post(':id/await-customer')
  @ApiCommand('AwaitCustomer', 'It cannot go on before the customer has done something')
  awaitCustomer(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('AwaitCustomer', request, reply);
  }

  @Post(':id/respond')
  @ApiCommand('AnswerComplaint', 'The customer was given an answer')
  respond(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('AnswerComplaint', request, reply);
  }

  @Post(':id/dispute')
  @ApiCommand('DisputeComplaint', 'The customer did not accept the answer')
  dispute(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('DisputeComplaint', request, reply);
  }

  @Post(':id/reclassify')
  @ApiCommand('ReclassifyComplaint', 'It turned out to be about something else')
  reclassify(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('ReclassifyComplaint', request, reply);
  }

  @Post(':id/redress')
  @ApiCommand('GrantRedress', 'The customer was given something to make good')
  redress(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('GrantRedress', request, reply);
  }

  @Post(':id/resolve')
  @ApiCommand('ResolveComplaint', 'The cause is known and dealt with')
  resolve(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('ResolveComplaint', request, reply);
  }

  @Post(':id/reopen')
  @ApiCommand('ReopenComplaint', 'Take up a complaint again that was resolved or closed')
  reopen(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('ReopenComplaint', request, reply);
  }

  @Post(':id/close')
  @ApiCommand('CloseComplaint', 'Nothing more will be done about it')
  close(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('CloseComplaint', request, reply);
  }

  @Post(':id/satisfaction')
  @ApiCommand('ReportSatisfaction', 'The customer said how satisfied he or she is with the handling')
  satisfaction(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('ReportSatisfaction', request, reply);
  }

  @Post(':id/void')
  @ApiCommand('VoidComplaint', 'This complaint is not to be counted')
  void(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('VoidComplaint', request, reply);
  }

  private run(type: CommandName, request: RequestOn, reply: FastifyReply) {
    return this.commands.run(type, withId(request.body, 'complaintId', request.params.id), request, reply);
  }
}

const locationOf = ({ complaintId = '' }: Readonly<Record<string, string>>): string =>
  `/v1/complaints/${encodeURIComponent(complaintId)}`;
