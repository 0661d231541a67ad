import type { Watermarks } from '#event-stream/event-stream';

interface Seen {
  /** Offsets below this were in the stream then. */
  readonly high: number;
  readonly at: number;
}

/** So many remembered moments of one partition bound the memory; in between the age is rounded up. */
const MOST = 120;

/** Remembers when the stream was how far, to tell since when an offset has been waiting. */
export class StreamAge {
  private readonly seen = new Map<number, Seen[]>();

  see(watermarks: ReadonlyMap<number, Pick<Watermarks, 'high'>>, at: number): void {
    for (const [partition, { high }] of watermarks) {
      const moments = this.seen.get(partition) ?? [];
      if (high > (moments.at(-1)?.high ?? 0)) moments.push({ high, at });
      this.seen.set(partition, moments.length > MOST ? thinned(moments) : moments);
    }
  }

  /** Since when the oldest offset has been in the stream that is not below those given; undefined when there is none. */
  behindSince(next: ReadonlyMap<number, number>): number | undefined {
    const moments = [...this.seen].flatMap(([partition, seen]) => {
      const landed = next.get(partition) ?? 0;
      const waiting = seen.filter(({ high }) => high > landed);
      // What has landed will not be asked for again, except by how far the stream was last.
      this.seen.set(partition, waiting.length > 0 ? waiting : seen.slice(-1));
      return waiting[0]?.at ?? [];
    });
    return moments.length > 0 ? Math.min(...moments) : undefined;
  }
}

/** Every other moment goes; the earlier of two stands for both. */
const thinned = (moments: readonly Seen[]): Seen[] =>
  moments.flatMap(({ at }, i) => (i % 2 === 0 ? [{ at, high: (moments[i + 1] ?? moments[i]!).high }] : []));
