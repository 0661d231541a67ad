import { Writable } from 'node:stream';
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import type { Configuration } from './configuration.js';
import { correlationId } from './correlation.js';
import { redacted, withoutEmails } from './redaction.js';

/** Without children: what a child is bound to would not be redacted, and the correlation id is there already. */
export type Logger = Pick<pino.Logger, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'>;

/**
 * Lines of JSON on stderr, readable lines on a terminal. Each carries the correlation id of the work it belongs
 * to; secrets and personal fields never come out.
 */
export const createLogger = (
  logLevel: Configuration['logLevel'],
  output: DestinationStream = process.stderr.isTTY
    ? readable(process.stderr)
    : destination({ fd: 2, sync: true }),
): Logger =>
  pino(
    {
      level: logLevel,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      mixin: () => (correlationId() === undefined ? {} : { correlationId: correlationId() }),
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redacted(fields),
      },
      hooks: { streamWrite: withoutEmails },
    },
    output,
  );

/** `12:30:01 info   The message  field=value` */
const readable = (terminal: NodeJS.WritableStream): DestinationStream =>
  new Writable({
    write(chunk, _encoding, done) {
      const { level, time, msg, ...fields } = JSON.parse(String(chunk)) as Record<string, unknown>;
      const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${JSON.stringify(value)}`);
      terminal.write(
        `${String(time).slice(11, 19)} ${String(level).padEnd(6)} ${msg}${rest.join('')}\n`,
        () => done(),
      );
    },
  });
