/** Numbers of ClickHouse's exceptions that are thrown here, or that the tests name. */
export const CODES = {
  badArguments: 36,
  notImplemented: 48,
  unknownTable: 60,
  syntax: 62,
  cannotWrite: 75,
  unknownFormat: 73,
  readOnly: 164,
  tooManyQueries: 202,
  sameQueryId: 216,
  unknownCompression: 89,
  tooLarge: 229,
  notEnoughSpace: 243,
  sessionNotFound: 372,
  sessionLocked: 373,
  sessionTimeout: 374,
  unknownRole: 511,
  authentication: 516,
  overloaded: 745,
} as const;

/** A failure as ClickHouse tells it: a number, and a text that begins with it. */
export class ClickHouseException extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = 'ClickHouseException';
  }
}

/** @param name as in ClickHouse's list, for instance NOT_IMPLEMENTED */
export const exception = (code: number, name: string, text: string): ClickHouseException =>
  new ClickHouseException(code, `Code: ${code}. DB::Exception: ${text} (${name})`);

/** The engine's own error, understood; anything else is no failure of a query. */
export const exceptionOf = (error: unknown): unknown => {
  const [, code] = /^Code: (\d+)\. /.exec(error instanceof Error ? error.message : '') ?? [];
  return code ? new ClickHouseException(Number(code), (error as Error).message.trimEnd()) : error;
};
