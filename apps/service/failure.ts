import { PerennialError } from '#eventing/errors';
import { ConfigurationError } from '#platform/configuration';

/** Why a program ended, for the person who started it: words where the cause is theirs, the stack where it is ours. */
export const describeFailure = (error: unknown): string => {
  const { code, syscall, port, message, stack } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken: choose another with --port, or 0 for any free one.`;
  const theirs =
    error instanceof ConfigurationError || error instanceof PerennialError || syscall !== undefined;
  return theirs ? message : (stack ?? String(error));
};
