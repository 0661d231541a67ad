/** How many hashes the file holds in a row. */
export const CHUNK_SIZE = 65_536;
/** Events per hash table, in memory. */
export const SEGMENT_SIZE = 16 * CHUNK_SIZE;

/**
 * Which positions may hold events of a stream, by a hash of its name. In memory, twelve bytes an event.
 *
 * An ordinary index by stream writes a page of its own for nearly every event, since one command follows another
 * to a distant stream: measured, that made appends several times slower than the log alone. So the file holds
 * the log, and of the index only the hashes, written once per chunk; what follows the last chunk is read on opening.
 * Positions must be without gaps from 1 on. Different streams may share a hash: who asks looks at the event.
 */
export class StreamIndex {
  private readonly segments: Segment[] = [];
  private count = 0;

  /** The highest position it covers. */
  get head(): number {
    return this.count;
  }

  /** How many chunks are complete and so worth storing. */
  get complete(): number {
    return Math.floor(this.count / CHUNK_SIZE);
  }

  add(hash: number): void {
    const place = this.count % SEGMENT_SIZE;
    if (place === 0) this.segments.push(new Segment());
    (this.segments[this.segments.length - 1] as Segment).set(place, hash);
    this.count += 1;
  }

  /** Forgets the positions above `head`. */
  truncate(head: number): void {
    while (this.count > head) {
      this.count -= 1;
      const place = this.count % SEGMENT_SIZE;
      (this.segments[this.segments.length - 1] as Segment).unset(place);
      if (place === 0) this.segments.pop();
    }
  }

  /** Candidates from the latest to the earliest, until `found` says yes; 0 when it never does. */
  latest(hash: number, found: (position: number) => boolean): number {
    for (let segment = this.segments.length - 1; segment >= 0; segment--) {
      const { hashes, newest, older } = this.segments[segment] as Segment;
      for (let at = newest[bucketOf(hash)] as number; at > 0; at = older[at - 1] as number) {
        if (hashes[at - 1] === hash && found(segment * SEGMENT_SIZE + at)) return segment * SEGMENT_SIZE + at;
      }
    }
    return 0;
  }

  /** All candidates in the order of their positions. */
  positions(hash: number): number[] {
    const positions: number[] = [];
    this.latest(hash, (position) => positions.push(position) === 0);
    return positions.reverse();
  }

  /** A complete chunk as it is stored. */
  save(chunk: number): Uint8Array {
    const { hashes } = this.segments[Math.floor((chunk * CHUNK_SIZE) / SEGMENT_SIZE)] as Segment;
    const from = (chunk * CHUNK_SIZE) % SEGMENT_SIZE;
    return new Uint8Array(hashes.slice(from, from + CHUNK_SIZE).buffer);
  }

  load(stored: Uint8Array): void {
    for (const hash of new Uint32Array(Uint8Array.from(stored).buffer)) this.add(hash);
  }
}

/** A hash table with chains: places, counted from 1, whose hashes share a bucket hang together, the newest first. */
class Segment {
  readonly hashes = new Uint32Array(SEGMENT_SIZE);
  readonly newest = new Uint32Array(SEGMENT_SIZE);
  readonly older = new Uint32Array(SEGMENT_SIZE);

  set(place: number, hash: number): void {
    const bucket = bucketOf(hash);
    this.hashes[place] = hash;
    this.older[place] = this.newest[bucket] as number;
    this.newest[bucket] = place + 1;
  }

  unset(place: number): void {
    this.newest[bucketOf(this.hashes[place] as number)] = this.older[place] as number;
  }
}

const bucketOf = (hash: number): number => hash & (SEGMENT_SIZE - 1);

/** FNV-1a over UTF-16 code units, with a final mix so that the low bits depend on all. Stored: never change it. */
export const streamHash = (stream: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};
