import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { CommandName } from '../command-dtos.js';
import { Commands } from '../commands.js';
import { ApiCommand } from '../documentation/api-command.js';
import { type RequestOn, withId } from '../resource-body.js';

@ApiTags('campaigns')
@Controller('v1/campaigns')
export class CampaignsController {
  constructor(@Inject(Commands) private readonly commands: Commands) {}

  @Post()
  @ApiCommand('PlanCampaign', 'Plan a campaign: goal, arms and hold-out, metric and outcome window')
  plan(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.commands.run('PlanCampaign', request.body, request, reply, locationOf);
  }

  @Post(':id/members')
  @ApiCommand('AssignMember', 'Assign a member of an imported campaign to an arm, with the outcome if known')
  assignMember(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('AssignMember', request, reply);
  }

  @Post(':id/freeze')
  @ApiCommand('FreezeAudience', 'All members of an imported campaign are there')
  freeze(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('FreezeAudience', request, reply);
  }

  @Post(':id/touches')
  @ApiCommand('RecordTouch', 'What happened to a message to a member')
  recordTouch(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('RecordTouch', request, reply);
  }

  @Post(':id/responses')
  @ApiCommand('RecordCampaignResponse', 'A member responded')
  recordResponse(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('RecordCampaignResponse', request, reply);
  }

  @Post(':id/cost')
  @ApiCommand('RecordCampaignCost', 'The fixed cost of a campaign as known now')
  recordCost(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('RecordCampaignCost', request, reply);
  }

  @Post(':id/end')
  @ApiCommand('EndCampaign', 'End a campaign')
  end(@Req() request: RequestOn, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.run('EndCampaign', request, reply);
  }

  private run(type: CommandName, request: RequestOn, reply: FastifyReply) {
    return this.commands.run(type, withId(request.body, 'campaignId', request.params.id), request, reply);
  }
}

const locationOf = ({ campaignId = '' }: Readonly<Record<string, string>>): string =>
  `/v1/campaigns/${encodeURIComponent(campaignId)}`;
