import { createRequire } from 'node:module';

/** The client's writer of bytes, which each part of a message gets one of, as far as it is changed here. */
interface Encoder {
  buf: Buffer;
  offset: number;
  ensureAvailable(length: number): void;
  writeUVarInt(value: number): Encoder;
}

export const Encoder = createRequire(import.meta.url)('kafkajs/src/protocol/encoder.js') as {
  new (): Encoder;
  readonly prototype: Encoder;
  nextPowerOfTwo(value: number): number;
};

const LEAST_BYTES = 64;
const LONGEST_VARINT = 5;

const { nextPowerOfTwo } = Encoder;

/**
 * Makes the client write the same bytes with a third less work. Of itself it takes 512 bytes of memory of their own, and
 * clears them, for each message and each of its headers, and more when these do not suffice; and an array and a buffer
 * for each number. Here nothing is taken until something is written, and that from Node's pool.
 */
export const encodeQuickly = (): void => {
  // What a new encoder begins with.
  Encoder.nextPowerOfTwo = () => 0;
  Encoder.prototype.ensureAvailable = function (length) {
    const needed = this.offset + length;
    if (needed <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(nextPowerOfTwo(needed), LEAST_BYTES));
    this.buf.copy(larger, 0, 0, this.offset);
    this.buf = larger;
  };
  Encoder.prototype.writeUVarInt = function (value) {
    this.ensureAvailable(LONGEST_VARINT);
    let rest = value;
    while ((rest & ~0x7f) !== 0) {
      this.buf[this.offset++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buf[this.offset++] = rest;
    return this;
  };
};
