/** What went wrong, in words for the person at the terminal; the process ends with exit code 1. */
export class CliError extends Error {
  constructor(
    message: string,
    /** What a server answered, for `--json`. */
    readonly problem?: object,
  ) {
    super(message);
    this.name = 'CliError';
  }
}
