import type { Readable } from 'node:stream';
import { Body, Controller, Inject, type OnModuleDestroy, Post, Query, Req, Res } from '@nestjs/common';
import { ApiConsumes, ApiOperation, ApiProduces, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { COMMAND_PORTS, type CommandPorts } from '../command-api.ports.js';
import { Commands, senderOf } from '../commands.js';
import { HttpProblem } from '../http/problem.js';
import { BulkRun } from './bulk-run.js';

@ApiTags('commands')
@Controller('v1/commands')
export class BulkController implements OnModuleDestroy {
  private readonly stopping = new AbortController();

  constructor(
    @Inject(Commands) private readonly commands: Commands,
    @Inject(COMMAND_PORTS) private readonly ports: CommandPorts,
  ) {}

  /** Nest calls it before it waits for the requests that are under way. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  @Post()
  @ApiOperation({ summary: 'Many commands at once, a line each; answered in the same order' })
  @ApiConsumes('application/x-ndjson')
  @ApiProduces('application/x-ndjson')
  @ApiQuery({
    name: 'dryRun',
    required: false,
    enum: ['true'],
    description: 'Check every line, change nothing.',
  })
  send(
    @Body() body: unknown,
    @Query('dryRun') dryRun: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    if (typeof (body as Readable | undefined)?.pipe !== 'function')
      throw new HttpProblem(415, 'unsupported-media-type', 'Send lines of JSON as application/x-ndjson.');
    const run = new BulkRun(this.ports.pipeline, (prepared) => this.commands.execute(prepared), {
      sender: senderOf(request),
      lineLimit: this.ports.bodyLimit,
      dryRun: dryRun === 'true',
      stopping: this.stopping.signal,
      onFault: (err) => this.ports.log.error({ err }, 'a line of a batch failed'),
    });
    void reply
      .code(200)
      .type('application/x-ndjson; charset=utf-8')
      .send(run.answers(body as Readable));
  }
}
