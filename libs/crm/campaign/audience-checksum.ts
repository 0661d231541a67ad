import { murmurHash } from './murmur-hash.js';

export interface AudienceCount {
  readonly count: number;
  /** 16 hexadecimal digits, see AudienceChecksum. */
  readonly checksum: string;
}

/** The checksum of the rows of a query that gives `customer_id`, as ClickHouse computes it. */
export const AUDIENCE_CHECKSUM_SQL = `lower(concat(
  leftPad(hex(groupBitXor(murmurHash3_32(customer_id))), 8, '0'),
  leftPad(hex(toUInt32(sum(murmurHash3_32(concat('+', customer_id))))), 8, '0')))`;

/**
 * Counts customer ids and sums them up so that two audiences can be compared, whatever the order.
 * The first 8 digits are the exclusive or of the hashes of all ids; the last 8 the sum of the hashes of all ids
 * after a plus sign, modulo 2^32, which also tells an id that is there twice from one that is not there.
 */
export class AudienceChecksum implements AudienceCount {
  private constructor(
    private size: number,
    private xor: number,
    private sum: number,
  ) {}

  static empty(): AudienceChecksum {
    return new AudienceChecksum(0, 0, 0);
  }

  /** Goes on where a process stopped. */
  static resume({ count, checksum }: AudienceCount): AudienceChecksum {
    return new AudienceChecksum(
      count,
      Number.parseInt(checksum.slice(0, 8), 16),
      Number.parseInt(checksum.slice(8), 16),
    );
  }

  static of(customerIds: Iterable<string>): AudienceCount {
    const all = AudienceChecksum.empty();
    for (const customerId of customerIds) all.add(customerId);
    return { count: all.count, checksum: all.checksum };
  }

  add(customerId: string): void {
    this.size += 1;
    this.xor ^= murmurHash(customerId);
    this.sum = (this.sum + murmurHash(`+${customerId}`)) % 2 ** 32;
  }

  get count(): number {
    return this.size;
  }

  get checksum(): string {
    return digits(this.xor >>> 0) + digits(this.sum);
  }
}

const digits = (value: number): string => value.toString(16).padStart(8, '0');
