import { PerennialError } from '#eventing/errors';

/** Something could not be started; the message says why, with the end of its log. */
export class StartFailure extends PerennialError {
  constructor(message: string) {
    super('unavailable', 'not-started', message);
  }
}
