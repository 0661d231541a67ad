/** Goes through the fields of a message of protobuf without making anything of those that nobody asks for. */
export class Fields {
  number = 0;
  /** Of a field that is a number; not exact beyond what a number can hold. */
  value = 0;
  private start = 0;

  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  /** @returns false when there is none any more */
  next(): boolean {
    if (this.at >= this.end) return false;
    const key = this.varint();
    this.number = key >>> 3;
    this.start = this.at;
    const type = key & 7;
    if (type === 0) this.value = this.varint();
    else if (type === 1) this.at += 8;
    else if (type === 5) this.at += 4;
    else if (type === 2) {
      const length = this.varint();
      this.start = this.at;
      this.at += length;
    } else throw new RangeError(`A field of type ${type} is no part of protobuf as it is used today.`);
    if (this.at > this.end) throw new RangeError('A message of protobuf ends within a field.');
    return true;
  }

  get text(): string {
    return this.bytes.toString('utf8', this.start, this.at);
  }

  get message(): Fields {
    return new Fields(this.bytes, this.start, this.at);
  }

  private varint(): number {
    let value = 0;
    for (let scale = 1; this.at < this.end; scale *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError('A message of protobuf ends within a number.');
  }
}
