import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { campaign } from '#crm/campaign/campaign';
import { complaint } from '#crm/complaint/complaint';
import type { ComplaintEvent } from '#crm/complaint/complaint-types';
import { loadState } from '#eventing/command-handler';
import type { Stored } from '#eventing/decider';
import { notFound } from '#eventing/errors';
import { quoted } from '#eventing/ids';
import { streamName } from '#eventing/stream-name';
import { COMMAND_PORTS, type CommandPorts } from '../command-api.ports.js';
import { readableEvent } from './readable-event.js';

@Controller('v1')
export class FactsController {
  constructor(@Inject(COMMAND_PORTS) private readonly ports: CommandPorts) {}

  @Get('complaints/:id')
  @ApiTags('complaints')
  @ApiOperation({ summary: 'A complaint as it stands now, with what was written' })
  async complaint(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { eventStore, upcasters, sealer } = this.ports.reading;
    const stream = streamName('complaint', id);
    let state = complaint.initialState;
    const facts: Awaited<ReturnType<typeof readableEvent>>[] = [];
    for await (const recorded of eventStore.readStream(stream)) {
      const event = upcasters.upcast(recorded);
      state = complaint.evolve(state, event as Stored<ComplaintEvent>);
      facts.push(await readableEvent(event, sealer));
    }
    const revision = facts.length - 1;
    if (revision < 0) throw notFound('complaint-not-found', `There is no complaint ${quoted(id)}.`);
    reply.header('etag', `"${revision}"`);
    const { status, classification, acknowledged, disputed } = state;
    return { complaintId: id, revision, status, classification, acknowledged, disputed, facts };
  }

  @Get('campaigns/:id')
  @ApiTags('campaigns')
  @ApiOperation({ summary: 'A campaign as it stands now, and how far its launch is' })
  async campaign(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { eventStore, upcasters } = this.ports.reading;
    const stream = streamName('campaign', id);
    const { state, revision } = await loadState(eventStore, upcasters, campaign, stream);
    if (revision < 0) throw notFound('campaign-not-found', `There is no campaign ${quoted(id)}.`);
    reply.header('etag', `"${revision}"`);
    const launching = await this.ports.launchStatusOf(id);
    return { campaignId: id, revision, ...state, ...(launching && { launching }) };
  }
}
