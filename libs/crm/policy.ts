import type { Command, CommandMetadata } from '#eventing/decider';
import { PerennialError } from '#eventing/errors';
import type { RecordedEvent } from '#eventing/event';
import { followUpCommandId } from '#eventing/ids';

/**
 * What follows from an event. A policy is a pure function from an event to these; whoever runs it does so from a
 * catch-up subscription, so that what a crash interrupted is finished after the restart.
 */
export interface FollowUp {
  readonly command: Command;
  /** What to do when the domain says no: another command, or nothing. */
  readonly ifRefused: (no: PerennialError) => Command | undefined;
}

/** The same event always gives the same command with the same id, so that sending it again changes nothing. */
export const followUpCommand = <C extends Command>(
  policy: string,
  cause: RecordedEvent,
  customerId: string,
  { type, data }: Omit<C, 'metadata'>,
): Command<C['type'], C['data']> => ({
  type,
  data,
  metadata: metadataFrom(cause, customerId, followUpCommandId(policy, cause.id, `${type}\n${customerId}`)),
});

const metadataFrom = (
  { id, metadata }: RecordedEvent,
  customerId: string,
  commandId: string,
): CommandMetadata => ({
  commandId,
  actor: metadata.actor,
  correlationId: metadata.correlationId,
  causationId: id,
  ...(metadata.traceparent !== undefined && { traceparent: metadata.traceparent }),
  customerId,
  occurredAt: metadata.occurredAt,
  businessDate: metadata.businessDate,
});

const isNo = (error: unknown): error is PerennialError =>
  error instanceof PerennialError && error.kind !== 'unavailable' && error.kind !== 'precondition-failed';

/**
 * Sends a follow-up, and what is to be done instead when the domain refuses it.
 * @returns what the domain refused, so that a caller who waits can be told
 */
export const carryOut = async (
  { command, ifRefused }: FollowUp,
  send: (command: Command) => Promise<unknown>,
): Promise<PerennialError | undefined> => {
  try {
    await send(command);
    return undefined;
  } catch (error) {
    if (!isNo(error)) throw error;
    const instead = ifRefused(error);
    if (instead) await send(instead);
    return error;
  }
};
