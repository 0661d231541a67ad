import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { campaign } from '#crm/campaign/campaign';
import { complaint } from '#crm/complaint/complaint';
import { loadState } from '#eventing/command-handler';
import { notFound } from '#eventing/errors';
import { streamName } from '#eventing/stream-name';
import { COMMAND_PORTS, type CommandPorts } from '../command-api.ports.js';

@Controller('v1')
export class FactsController {
  constructor(@Inject(COMMAND_PORTS) private readonly ports: CommandPorts) {}

  @Get('complaints/:id')
  @ApiTags('complaints')
  @ApiOperation({ summary: 'A complaint as it stands now, with what was written' })
  async complaint(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { eventStore, upcasters, sealer } = this.ports.reading;
    const stream = streamName('complaint', id);
    const { state, revision } = await loadState(eventStore, upcasters, complaint, stream);
    if (revision < 0) throw notFound('complaint-not-found', `There is no complaint ${id}.`);
    reply.header('etag', `"${revision}"`);
    const owner = await this.ownerOf(stream);
    return { complaintId: id, revision, ...(await sealer.openFields(state, { owner, stream })) };
  }

  @Get('campaigns/:id')
  @ApiTags('campaigns')
  @ApiOperation({ summary: 'A campaign as it stands now, and how far its launch is' })
  async campaign(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { eventStore, upcasters } = this.ports.reading;
    const stream = streamName('campaign', id);
    const { state, revision } = await loadState(eventStore, upcasters, campaign, stream);
    if (revision < 0) throw notFound('campaign-not-found', `There is no campaign ${id}.`);
    reply.header('etag', `"${revision}"`);
    const launching = await this.ports.launchStatusOf(id);
    return { campaignId: id, revision, ...state, ...(launching && { launching }) };
  }

  private async ownerOf(stream: string): Promise<string> {
    for await (const first of this.ports.reading.eventStore.readStream(stream, { limit: 1 }))
      return first.metadata.customerId ?? stream;
    return stream;
  }
}
