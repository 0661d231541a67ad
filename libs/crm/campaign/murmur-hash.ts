const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;
const utf8 = new TextEncoder();

/** MurmurHash3 (x86, 32 bit, seed 0) of the text in UTF-8: what ClickHouse calls `murmurHash3_32`. */
export const murmurHash = (text: string): number => {
  const bytes = utf8.encode(text);
  const tail = bytes.length & ~3;
  let hash = 0;
  for (let i = 0; i < tail; i += 4) {
    hash ^= scrambled(
      at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24),
    );
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (tail < bytes.length)
    hash ^= scrambled(at(bytes, tail) | (at(bytes, tail + 1) << 8) | (at(bytes, tail + 2) << 16));
  return finished(hash ^ bytes.length);
};

const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

const scrambled = (block: number): number => {
  const mixed = Math.imul(block, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
};

const finished = (hash: number): number => {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};
