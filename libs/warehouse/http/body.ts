import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { CODES, exception } from './exception.js';

const DECODERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Bodies are held whole, because the engine takes an insert whole: so all of them together are bounded. */
export class BodyReader {
  private held = 0;

  constructor(
    private readonly longest: number,
    private readonly most: number,
  ) {}

  /** @throws ClickHouseException for one that is too long, or comes compressed in a way not known here */
  async read<Result>(request: IncomingMessage, use: (body: Buffer) => Promise<Result>): Promise<Result> {
    let own = 0;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of decoded(request)) {
        const { length } = chunk as Buffer;
        own += length;
        this.held += length;
        if (own > this.longest)
          throw exception(
            CODES.tooLarge,
            'QUERY_IS_TOO_LARGE',
            `The body is longer than ${this.longest} bytes: send the rows in several inserts`,
          );
        if (this.held > this.most)
          throw exception(
            CODES.tooManyQueries,
            'TOO_MANY_SIMULTANEOUS_QUERIES',
            'Too much is being inserted at once',
          );
        chunks.push(chunk as Buffer);
      }
      return await use(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    } finally {
      this.held -= own;
    }
  }
}

const decoded = (request: IncomingMessage): Readable => {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') return request;
  const decoder = DECODERS[encoding as keyof typeof DECODERS]?.();
  if (!decoder)
    throw exception(
      CODES.unknownCompression,
      'UNKNOWN_COMPRESSION_METHOD',
      `The content encoding ${encoding.slice(0, 40)} is not known here: gzip, deflate and br are`,
    );
  request.on('error', (error) => decoder.destroy(error));
  request.pipe(decoder);
  return decoder;
};
