import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Outcome } from '#eventing/command-handler';
import { COMMAND_PORTS, type CommandPorts } from './command-api.ports.js';
import { expectedRevision, idempotencyKey, preferredWait } from './http/preferences.js';
import type { Done, Prepared, Sender } from './pipeline.js';

/** What travels on the CommandBus: a command that is checked, ready to be decided. */
export class RunCommand {
  constructor(readonly prepared: Prepared) {}
}

/** One handler for all: what differs between commands stands in the catalogue of the domain. */
@CommandHandler(RunCommand)
export class RunCommandHandler implements ICommandHandler<RunCommand, Done> {
  constructor(@Inject(COMMAND_PORTS) private readonly ports: CommandPorts) {}

  execute({ prepared }: RunCommand): Promise<Done> {
    return this.ports.pipeline.run(prepared);
  }
}

export interface Answer extends Readonly<Record<string, unknown>> {
  readonly status: Outcome['status'];
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
}

/** Commands as HTTP knows them: headers in, headers out. */
@Injectable()
export class Commands implements OnModuleDestroy {
  private stop: (visible: false) => void = () => {};
  private readonly stopping = new Promise<false>((resolve) => {
    this.stop = resolve;
  });

  constructor(
    @Inject(CommandBus) private readonly bus: CommandBus,
    @Inject(COMMAND_PORTS) private readonly ports: CommandPorts,
  ) {}

  /** Whoever waits for the warehouse is answered, before the process ends, that it is not seen yet. */
  onModuleDestroy(): void {
    this.stop(false);
  }

  /** Runs a command from a request's body and answers it: 201 for something new, 200 for a repetition. */
  async run(
    type: string,
    body: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
    location?: (ids: Readonly<Record<string, string>>) => string,
  ): Promise<Answer> {
    const prepared = this.ports.pipeline.prepare(type, body, senderOf(request));
    return this.answer(await this.execute(prepared), request, reply, location);
  }

  execute(prepared: Prepared): Promise<Done> {
    return this.bus.execute<RunCommand, Done>(new RunCommand(prepared));
  }

  /** Writes the headers of an answer; waits for the warehouse where the caller prefers to. */
  async answer(
    { ids, status, stream, revision, position }: Done,
    request: FastifyRequest,
    reply: FastifyReply,
    location?: (ids: Readonly<Record<string, string>>) => string,
  ): Promise<Answer> {
    reply.code(status === 'accepted' ? 201 : 200).header('etag', `"${revision}"`);
    if (location) reply.header('location', location(ids));
    const seconds = preferredWait(request.headers);
    const answer: Answer = { ...ids, status, stream, revision, position };
    if (seconds === undefined) return answer;
    reply.header('preference-applied', `wait=${seconds}`);
    const landed = this.ports.landing.waitFor(position, seconds * 1000);
    const visible = await Promise.race([landed, this.stopping]);
    return { ...answer, visible };
  }
}

export const senderOf = (request: FastifyRequest): Sender => {
  const { actor, correlationId, traceparent } = request.caller ?? {
    actor: 'anonymous',
    correlationId: randomUUID(),
  };
  return {
    commandId: idempotencyKey(request.headers) ?? randomUUID(),
    actor,
    correlationId,
    traceparent,
    ifRevision: expectedRevision(request.headers),
  };
};
