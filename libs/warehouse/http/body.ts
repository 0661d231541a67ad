import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { CODES, exception } from './exception.js';
import { tooLong } from './spool.js';
import { insertOf, LONGEST_HEAD, plainStatement, type Statement } from './statement.js';

/** A statement without data is held in memory. */
const LONGEST_QUERY = 16 * 1024 * 1024;
/** By what the engine unpacks by itself, while it reads. */
const PACKINGS: Readonly<Record<string, string>> = {
  gzip: 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
  lz4: 'lz4',
};
const DECODERS = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** What is to be done, and, for an insert, the rows as they come in. */
export interface Received {
  readonly statement: Statement;
  readonly data: AsyncIterable<Buffer>;
  /** How the data is packed, in the engine's word. */
  readonly packing: string | undefined;
}

/** @param query the part of the statement that stands in the address */
export const receive = async (request: IncomingMessage, query: string | undefined): Promise<Received> => {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const insert = query === undefined ? undefined : insertOf(query);
  if (insert && insert.rest.trim() === '')
    return { statement: insert.statement, data: whole(request), packing: packingOf(encoding) };

  const body = whole(decoded(request, encoding))[Symbol.asyncIterator]();
  let head: Buffer = Buffer.from(query === undefined ? '' : `${query}\n`);
  let ended = false;
  for (let most = LONGEST_HEAD; !ended; most = LONGEST_QUERY + 1) {
    const chunks: Buffer[] = [head];
    for (let length = head.length; length < most && !ended; ) {
      const next = await body.next();
      ended = next.done === true;
      if (next.done) break;
      chunks.push(next.value);
      length += next.value.length;
    }
    head = Buffer.concat(chunks);
    // Byte by byte, so that places in the text are places in the bytes.
    const inside = insertOf(head.subarray(0, LONGEST_HEAD).toString('latin1'));
    if (inside) {
      const first = afterLineEnd(head.subarray(inside.end));
      return {
        statement: insertOf(head.subarray(0, inside.end).toString())!.statement,
        data: joined(first, body),
        packing: undefined,
      };
    }
    if (head.length > LONGEST_QUERY) throw tooLong(LONGEST_QUERY);
  }
  return {
    statement: plainStatement(head.toString()),
    data: joined(Buffer.alloc(0), body),
    packing: undefined,
  };
};

/** @throws Error when it breaks off */
async function* whole(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield chunk as Buffer;
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** The rest of the line on which the statement ends belongs to the statement. */
const afterLineEnd = (data: Buffer): Buffer =>
  data.subarray(/^[ \t]*\r?\n?/.exec(data.subarray(0, 100).toString('latin1'))?.[0].length ?? 0);

const packingOf = (encoding: string): string | undefined => {
  if (encoding === 'identity') return undefined;
  return PACKINGS[encoding] ?? unknown(encoding);
};

const decoded = (request: IncomingMessage, encoding: string): Readable => {
  if (encoding === 'identity') return request;
  const decoder = DECODERS[encoding as keyof typeof DECODERS]?.() ?? unknown(encoding);
  request.on('error', (error) => decoder.destroy(error));
  return request.pipe(decoder);
};

const unknown = (encoding: string): never => {
  throw exception(
    CODES.unknownCompression,
    'UNKNOWN_COMPRESSION_METHOD',
    `The content encoding ${encoding.slice(0, 40)} is not possible here`,
  );
};
