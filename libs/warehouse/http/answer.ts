import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { constants, createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import { contentTypeOf } from '../read-only.js';
import type { ClickHouseException } from './exception.js';
import { statusOf } from './status.js';

export interface Summary {
  readonly readRows?: number;
  readonly readBytes?: number;
  readonly writtenRows?: number;
  readonly writtenBytes?: number;
}

/** So much of an answer waits for the rest of it, so that a failure can still be told by the status. */
const HELD = 1024 * 1024;
const HELD_WHEN_WHOLE = 64 * 1024 * 1024;
/** A reader that takes nothing for so long is given up: its query holds one of few places. */
const PATIENCE_MS = 60_000;

const BEFORE_BREAK_MS = 500;

/** Whoever asked is gone, and reads no answer. */
export class ClientGone extends Error {}

/** The answer to one query: its head is sent when enough of the body is there, or all of it. */
export class Answer {
  private readonly held: Uint8Array[] = [];
  private heldBytes = 0;
  private out: Writable | undefined;
  private readonly tag = randomBytes(8).toString('hex');

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly options: { readonly compress: boolean; readonly whole: boolean },
  ) {}

  header(name: string, value: string): void {
    this.response.setHeader(name, value);
  }

  describe(format: string): void {
    this.header('X-ClickHouse-Format', format);
    this.header('Content-Type', contentTypeOf(format));
  }

  async take(stream: Readable): Promise<void> {
    for await (const chunk of stream) await this.write(chunk as Buffer);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.response.destroyed) throw new ClientGone();
    if (this.out) return this.send(chunk);
    this.held.push(chunk);
    this.heldBytes += chunk.length;
    if (this.heldBytes > (this.options.whole ? HELD_WHEN_WHOLE : HELD)) await this.begin();
  }

  async finish(summary: Summary): Promise<void> {
    if (!this.out) {
      this.header('X-ClickHouse-Summary', summaryText(summary));
      await this.begin();
    }
    this.out?.end();
  }

  /** By the status, as long as nothing has been sent; otherwise as the end of the body, which then stays unfinished. */
  async fail(exception: ClickHouseException): Promise<void> {
    if (this.response.destroyed) return;
    const message = `${exception.message}\n`;
    if (!this.out) {
      this.response.removeHeader('X-ClickHouse-Format');
      this.response.writeHead(statusOf(exception), {
        'Content-Type': 'text/plain; charset=UTF-8',
        'X-ClickHouse-Exception-Code': String(exception.code),
        ...(exception.code === 516 && { 'WWW-Authenticate': 'Basic realm="ClickHouse server HTTP API"' }),
      });
      this.response.end(message);
      return;
    }
    const marker = '__exception__';
    const length = Buffer.byteLength(message);
    await this.send(
      Buffer.from(`\r\n${marker}\r\n${this.tag}\r\n${message}${length} ${this.tag}\r\n${marker}\r\n`),
    ).catch(() => undefined);
    if (this.out !== this.response) await this.flushed();
    // Whoever reads along comes to the reason before the break.
    setTimeout(() => this.response.destroy(), BEFORE_BREAK_MS);
  }

  private async begin(): Promise<void> {
    const encoding = this.options.compress ? acceptedEncoding(this.request) : undefined;
    this.header('X-ClickHouse-Exception-Tag', this.tag);
    if (encoding) this.header('Content-Encoding', encoding);
    this.response.writeHead(200);
    this.out = encoding ? ENCODERS[encoding]() : this.response;
    if (this.out !== this.response) {
      this.out.on('error', () => this.response.destroy());
      this.response.on('close', () => this.out?.destroy());
      (this.out as ReturnType<typeof createGzip>).pipe(this.response);
    }
    for (const chunk of this.held.splice(0)) await this.send(chunk);
  }

  private async send(chunk: Uint8Array): Promise<void> {
    const { out, response } = this;
    if (!out || response.destroyed || out.destroyed) throw new ClientGone();
    if (out.write(chunk)) return;
    const patience = setTimeout(() => response.destroy(), PATIENCE_MS);
    const gone = new AbortController();
    const onClose = () => gone.abort();
    response.once('close', onClose);
    try {
      await once(out, 'drain', { signal: gone.signal });
    } catch {
      throw new ClientGone();
    } finally {
      clearTimeout(patience);
      response.off('close', onClose);
    }
  }

  private flushed(): Promise<void> {
    return new Promise((resolve) => {
      const { out } = this;
      if (!out || out.destroyed) return resolve();
      out.once('close', resolve);
      (out as ReturnType<typeof createGzip>).flush(() => resolve());
    });
  }
}

const ENCODERS = {
  gzip: () => createGzip({ level: 1 }),
  deflate: () => createDeflate({ level: 1 }),
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
} as const;

const acceptedEncoding = ({ headers }: IncomingMessage): keyof typeof ENCODERS | undefined => {
  const accepted = (headers['accept-encoding']?.toString() ?? '')
    .split(',')
    .map((one) => one.split(';')[0]?.trim());
  return (['gzip', 'deflate', 'br'] as const).find((encoding) => accepted.includes(encoding));
};

const summaryText = ({ readRows = 0, readBytes = 0, writtenRows = 0, writtenBytes = 0 }: Summary): string =>
  JSON.stringify({
    read_rows: String(readRows),
    read_bytes: String(readBytes),
    written_rows: String(writtenRows),
    written_bytes: String(writtenBytes),
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: '0',
  });
