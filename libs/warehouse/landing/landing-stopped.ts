import { PerennialError } from '#eventing/errors';

/** Events would be lost or doubled if landing went on. Asked again now and then: it goes on when that is repaired. */
export class LandingStopped extends PerennialError {
  constructor(
    readonly partition: number,
    reason: string,
  ) {
    super(
      'unavailable',
      'landing-stopped',
      `Partition ${partition} cannot be landed: ${reason}. It goes on once that is repaired (docs/how-to/repair.md).`,
    );
  }
}

/** What was deleted before it was landed can be had from the event store. */
export const REFILL = 'what is missing can be had from the event store: perennial refill --from-position N';
